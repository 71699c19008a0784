"""Generated functions between the data of blocks and instances of a map; ``plain`` defines both."""

from modbus_wire.later import names_later
from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_schema.compile.decoding import compile_decoder as compile_decoder
    from modbus_schema.compile.decoding import compile_decoder_of_one as compile_decoder_of_one
    from modbus_schema.compile.encoding import compile_encoder as compile_encoder

_NAMES = {
    "modbus_schema.compile.decoding": ("compile_decoder", "compile_decoder_of_one"),
    "modbus_schema.compile.encoding": ("compile_encoder",),
}

__getattr__ = names_later(globals(), _NAMES)
