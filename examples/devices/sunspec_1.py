"""SunSpec model 1, written by `python -m modbus_schema import sunspec`.

Names and texts are those of SunSpec's definitions.
"""

from modbus_schema import RO, RW, RegisterMap, holding_register, string, uint16


class Common(RegisterMap):
    """Model 1: Common.

    All SunSpec compliant devices must include this as the first model
    """

    ID: RO[int] = holding_register(0, uint16, default=1, description="Model identifier")
    L: RO[int] = holding_register(1, uint16, default=66, description="Model length")
    Mn: RO[str] = holding_register(
        2,
        string(16, terminated=True, fallback="latin-1"),
        description="Manufacturer: Well known value registered with SunSpec for compliance",
    )
    Md: RO[str] = holding_register(
        18,
        string(16, terminated=True, fallback="latin-1"),
        description="Model: Manufacturer specific value (32 chars)",
    )
    Opt: RO[str | None] = holding_register(
        34,
        string(8, terminated=True, fallback="latin-1").optional(0),
        default=None,
        description="Options: Manufacturer specific value (16 chars)",
    )
    Vr: RO[str | None] = holding_register(
        42,
        string(8, terminated=True, fallback="latin-1").optional(0),
        default=None,
        description="Version: Manufacturer specific value (16 chars)",
    )
    SN: RO[str] = holding_register(
        50,
        string(16, terminated=True, fallback="latin-1"),
        description="Serial Number: Manufacturer specific value (32 chars)",
    )
    DA: RW[int | None] = holding_register(
        66,
        uint16.optional(0xFFFF),
        default=None,
        description="Device Address: Modbus device address",
    )
