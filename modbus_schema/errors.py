"""The errors that a register map adds to the tree of the wire package.

ModbusError
└── SchemaError
    ├── DefinitionError (TypeError)     a class that cannot be a register map
    ├── EncodeError (ValueError)        a value that the field cannot hold; nothing was sent
    ├── DecodeError (ValueError)        registers that are no value of the field
    └── NotVerified                     what was written is not what is read back (in writing)
"""

from modbus_wire.errors import ModbusError


class SchemaError(ModbusError):
    """A register map, or a value of one, is wrong."""


class DefinitionError(SchemaError, TypeError):
    """A class cannot be a register map; the message lists everything that is wrong with it."""


class EncodeError(SchemaError, ValueError):
    """A value cannot be held by its field; nothing was sent."""


class DecodeError(SchemaError, ValueError):
    """Registers hold nothing that the field's codec knows."""
