"""SunSpec model 160, written by `python -m modbus_schema import sunspec`.

Names and texts are those of SunSpec's definitions.
"""

from enum import IntEnum, IntFlag

from modbus_schema import (
    RO,
    RegisterMap,
    enum,
    flags,
    given,
    holding_register,
    int16,
    outer,
    repeat,
    string,
    uint16,
    uint32,
)


class MpptEvt(IntFlag):
    """The bits of Mppt.Evt.

    Global Events
    """

    GROUND_FAULT = 1 << 0
    INPUT_OVER_VOLTAGE = 1 << 1
    RESERVED_2 = 1 << 2
    DC_DISCONNECT = 1 << 3
    RESERVED_4 = 1 << 4
    CABINET_OPEN = 1 << 5
    MANUAL_SHUTDOWN = 1 << 6
    OVER_TEMP = 1 << 7
    RESERVED_8 = 1 << 8
    RESERVED_9 = 1 << 9
    RESERVED_10 = 1 << 10
    RESERVED_11 = 1 << 11
    BLOWN_FUSE = 1 << 12
    UNDER_TEMP = 1 << 13
    MEMORY_LOSS = 1 << 14
    ARC_DETECTION = 1 << 15
    RESERVED_16 = 1 << 16
    RESERVED_17 = 1 << 17
    RESERVED_18 = 1 << 18
    RESERVED_19 = 1 << 19
    TEST_FAILED = 1 << 20
    INPUT_UNDER_VOLTAGE = 1 << 21
    INPUT_OVER_CURRENT = 1 << 22


class MpptModuleDCSt(IntEnum):
    """The values of MpptModule.DCSt.

    Operating State
    """

    OFF = 1
    SLEEPING = 2
    STARTING = 3
    MPPT = 4
    THROTTLED = 5
    SHUTTING_DOWN = 6
    FAULT = 7
    STANDBY = 8
    TEST = 9
    RESERVED_10 = 10


class MpptModuleDCEvt(IntFlag):
    """The bits of MpptModule.DCEvt.

    Module Events
    """

    GROUND_FAULT = 1 << 0
    INPUT_OVER_VOLTAGE = 1 << 1
    RESERVED_2 = 1 << 2
    DC_DISCONNECT = 1 << 3
    RESERVED_4 = 1 << 4
    CABINET_OPEN = 1 << 5
    MANUAL_SHUTDOWN = 1 << 6
    OVER_TEMP = 1 << 7
    RESERVED_8 = 1 << 8
    RESERVED_9 = 1 << 9
    RESERVED_10 = 1 << 10
    RESERVED_11 = 1 << 11
    BLOWN_FUSE = 1 << 12
    UNDER_TEMP = 1 << 13
    MEMORY_LOSS = 1 << 14
    ARC_DETECTION = 1 << 15
    RESERVED_16 = 1 << 16
    RESERVED_17 = 1 << 17
    RESERVED_18 = 1 << 18
    RESERVED_19 = 1 << 19
    TEST_FAILED = 1 << 20
    INPUT_UNDER_VOLTAGE = 1 << 21
    INPUT_OVER_CURRENT = 1 << 22


class MpptModule(RegisterMap):
    """The group module of Mppt."""

    ID: RO[int | None] = holding_register(
        0, uint16.optional(0xFFFF), default=None, description="Input ID"
    )
    IDStr: RO[str | None] = holding_register(
        1,
        string(8, terminated=True, fallback="latin-1").optional(0),
        default=None,
        description="Input ID String",
    )
    DCA: RO[float | None] = holding_register(
        9,
        uint16.scaled_by(outer("DCA_SF")).optional(0xFFFF),
        default=None,
        unit="A",
        description="DC Current",
    )
    DCV: RO[float | None] = holding_register(
        10,
        uint16.scaled_by(outer("DCV_SF")).optional(0xFFFF),
        default=None,
        unit="V",
        description="DC Voltage",
    )
    DCW: RO[float | None] = holding_register(
        11,
        uint16.scaled_by(outer("DCW_SF")).optional(0xFFFF),
        default=None,
        unit="W",
        description="DC Power",
    )
    DCWH: RO[float | None] = holding_register(
        12,
        uint32.scaled_by(outer("DCWH_SF")).optional(0),
        default=None,
        unit="Wh",
        description="Lifetime Energy",
    )
    Tms: RO[int | None] = holding_register(
        14, uint32.optional(0xFFFFFFFF), default=None, unit="Secs", description="Timestamp"
    )
    Tmp: RO[int | None] = holding_register(
        16, int16.optional(0x8000), default=None, unit="C", description="Temperature"
    )
    DCSt: RO[MpptModuleDCSt | int | None] = holding_register(
        17,
        enum(MpptModuleDCSt, keep_unknown=True).optional(0xFFFF),
        default=None,
        description="Operating State",
    )
    DCEvt: RO[MpptModuleDCEvt | None] = holding_register(
        18,
        flags(MpptModuleDCEvt, uint32).optional(0xFFFFFFFF),
        default=None,
        description="Module Events",
    )


class Mppt(RegisterMap):
    """Model 160: Multiple MPPT Inverter Extension Model."""

    ID: RO[int] = holding_register(0, uint16, default=160, description="Model identifier")
    L: RO[int] = holding_register(1, uint16, default=8, description="Model length")
    DCA_SF: RO[int | None] = holding_register(
        2, int16.optional(0x8000), default=None, min=-10, max=10, description="Current Scale Factor"
    )
    DCV_SF: RO[int | None] = holding_register(
        3, int16.optional(0x8000), default=None, min=-10, max=10, description="Voltage Scale Factor"
    )
    DCW_SF: RO[int | None] = holding_register(
        4, int16.optional(0x8000), default=None, min=-10, max=10, description="Power Scale Factor"
    )
    DCWH_SF: RO[int | None] = holding_register(
        5, int16.optional(0x8000), default=None, min=-10, max=10, description="Energy Scale Factor"
    )
    Evt: RO[MpptEvt | None] = holding_register(
        6, flags(MpptEvt, uint32).optional(0xFFFFFFFF), default=None, description="Global Events"
    )
    N: RO[int | None] = holding_register(
        8, uint16.optional(0xFFFF), default=None, description="Number of Modules"
    )
    TmsPer: RO[int | None] = holding_register(
        9, uint16.optional(0xFFFF), default=None, description="Timestamp Period"
    )
    module: RO[tuple[MpptModule, ...]] = repeat(
        MpptModule, base=10, stride=20, count=given(L, lambda n: (n - 8) // 20), at_most=50
    )
