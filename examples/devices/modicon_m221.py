"""Modicon M221: a PLC, whose registers mean what its program says.

Source: the M221 programming guide on memory addressing; the program is made up.

What is special:

- The word ``%MWn`` is holding register n. The float ``%MFn`` is the words n and n + 1, so ``%MF10``
  is followed by ``%MF12``.
- In which order those two words come is reported both ways. The class leaves it open, and a
  subclass of one line says it: all fields follow.
- Anything may be written: what is sensible is the program's affair, and ``min`` and ``max`` say it
  before a byte leaves.
"""

from modbus_schema import RO, RW, RegisterMap, bit, float32, holding_register, int16, uint16


class Oven(RegisterMap):
    """The variables of a program that heats an oven; big-endian words unless said otherwise."""

    is_on: RW[bool] = holding_register(0, bit(0), description="%MW0:X0")
    has_fault: RO[bool] = holding_register(0, bit(1), description="%MW0:X1")
    cycles: RO[int] = holding_register(1, uint16, description="%MW1")
    correction: RW[int] = holding_register(2, int16, min=-50, max=50, description="%MW2")
    target: RW[float] = holding_register(
        10, float32, min=20, max=300, unit="degC", description="%MF10"
    )
    temperature: RO[float] = holding_register(12, float32, unit="degC", description="%MF12")


class OvenLowWordFirst(Oven, word_order="little"):
    """The same program on a controller that sends the lower word first."""
