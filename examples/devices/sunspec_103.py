"""SunSpec model 103, written by `python -m modbus_schema import sunspec`.

Names and texts are those of SunSpec's definitions.
"""

from enum import IntEnum, IntFlag

from modbus_schema import RO, RegisterMap, enum, flags, holding_register, int16, uint16, uint32


class InverterThreePhaseSt(IntEnum):
    """The values of InverterThreePhase.St.

    Operating state
    """

    OFF = 1
    SLEEPING = 2
    STARTING = 3
    MPPT = 4
    THROTTLED = 5
    SHUTTING_DOWN = 6
    FAULT = 7
    STANDBY = 8


class InverterThreePhaseEvt1(IntFlag):
    """The bits of InverterThreePhase.Evt1.

    Event1: Event fields
    """

    GROUND_FAULT = 1 << 0
    DC_OVER_VOLT = 1 << 1
    AC_DISCONNECT = 1 << 2
    DC_DISCONNECT = 1 << 3
    GRID_DISCONNECT = 1 << 4
    CABINET_OPEN = 1 << 5
    MANUAL_SHUTDOWN = 1 << 6
    OVER_TEMP = 1 << 7
    OVER_FREQUENCY = 1 << 8
    UNDER_FREQUENCY = 1 << 9
    AC_OVER_VOLT = 1 << 10
    AC_UNDER_VOLT = 1 << 11
    BLOWN_STRING_FUSE = 1 << 12
    UNDER_TEMP = 1 << 13
    MEMORY_LOSS = 1 << 14
    HW_TEST_FAILURE = 1 << 15


class InverterThreePhase(RegisterMap):
    """Model 103: Inverter (Three Phase).

    Include this model for three phase inverter monitoring
    """

    ID: RO[int] = holding_register(0, uint16, default=103, description="Model identifier")
    L: RO[int] = holding_register(1, uint16, default=50, description="Model length")
    A_SF: RO[int | None] = holding_register(6, int16.optional(0x8000), min=-10, max=10)
    V_SF: RO[int | None] = holding_register(13, int16.optional(0x8000), min=-10, max=10)
    W_SF: RO[int | None] = holding_register(15, int16.optional(0x8000), min=-10, max=10)
    Hz_SF: RO[int | None] = holding_register(17, int16.optional(0x8000), min=-10, max=10)
    VA_SF: RO[int | None] = holding_register(
        19, int16.optional(0x8000), default=None, min=-10, max=10
    )
    VAr_SF: RO[int | None] = holding_register(
        21, int16.optional(0x8000), default=None, min=-10, max=10
    )
    PF_SF: RO[int | None] = holding_register(
        23, int16.optional(0x8000), default=None, min=-10, max=10
    )
    WH_SF: RO[int | None] = holding_register(26, int16.optional(0x8000), min=-10, max=10)
    DCA_SF: RO[int | None] = holding_register(
        28, int16.optional(0x8000), default=None, min=-10, max=10
    )
    DCV_SF: RO[int | None] = holding_register(
        30, int16.optional(0x8000), default=None, min=-10, max=10
    )
    DCW_SF: RO[int | None] = holding_register(
        32, int16.optional(0x8000), default=None, min=-10, max=10
    )
    Tmp_SF: RO[int | None] = holding_register(37, int16.optional(0x8000), min=-10, max=10)
    A: RO[float] = holding_register(
        2, uint16.scaled_by(A_SF).or_nan(0xFFFF), unit="A", description="Amps: AC Current"
    )
    AphA: RO[float] = holding_register(
        3,
        uint16.scaled_by(A_SF).or_nan(0xFFFF),
        unit="A",
        description="Amps PhaseA: Phase A Current",
    )
    AphB: RO[float] = holding_register(
        4,
        uint16.scaled_by(A_SF).or_nan(0xFFFF),
        unit="A",
        description="Amps PhaseB: Phase B Current",
    )
    AphC: RO[float] = holding_register(
        5,
        uint16.scaled_by(A_SF).or_nan(0xFFFF),
        unit="A",
        description="Amps PhaseC: Phase C Current",
    )
    PPVphAB: RO[float | None] = holding_register(
        7,
        uint16.scaled_by(V_SF).optional(0xFFFF),
        default=None,
        unit="V",
        description="Phase Voltage AB",
    )
    PPVphBC: RO[float | None] = holding_register(
        8,
        uint16.scaled_by(V_SF).optional(0xFFFF),
        default=None,
        unit="V",
        description="Phase Voltage BC",
    )
    PPVphCA: RO[float | None] = holding_register(
        9,
        uint16.scaled_by(V_SF).optional(0xFFFF),
        default=None,
        unit="V",
        description="Phase Voltage CA",
    )
    PhVphA: RO[float] = holding_register(
        10, uint16.scaled_by(V_SF).or_nan(0xFFFF), unit="V", description="Phase Voltage AN"
    )
    PhVphB: RO[float] = holding_register(
        11, uint16.scaled_by(V_SF).or_nan(0xFFFF), unit="V", description="Phase Voltage BN"
    )
    PhVphC: RO[float] = holding_register(
        12, uint16.scaled_by(V_SF).or_nan(0xFFFF), unit="V", description="Phase Voltage CN"
    )
    W: RO[float] = holding_register(
        14, int16.scaled_by(W_SF).or_nan(0x8000), unit="W", description="Watts: AC Power"
    )
    Hz: RO[float] = holding_register(
        16, uint16.scaled_by(Hz_SF).or_nan(0xFFFF), unit="Hz", description="Hz: Line Frequency"
    )
    VA: RO[float | None] = holding_register(
        18,
        int16.scaled_by(VA_SF).optional(0x8000),
        default=None,
        unit="VA",
        description="VA: AC Apparent Power",
    )
    VAr: RO[float | None] = holding_register(
        20,
        int16.scaled_by(VAr_SF).optional(0x8000),
        default=None,
        unit="var",
        description="VAr: AC Reactive Power",
    )
    PF: RO[float | None] = holding_register(
        22,
        int16.scaled_by(PF_SF).optional(0x8000),
        default=None,
        unit="Pct",
        description="PF: AC Power Factor",
    )
    WH: RO[float] = holding_register(
        24, uint32.scaled_by(WH_SF), unit="Wh", description="WattHours: AC Energy"
    )
    DCA: RO[float | None] = holding_register(
        27,
        uint16.scaled_by(DCA_SF).optional(0xFFFF),
        default=None,
        unit="A",
        description="DC Amps: DC Current",
    )
    DCV: RO[float | None] = holding_register(
        29,
        uint16.scaled_by(DCV_SF).optional(0xFFFF),
        default=None,
        unit="V",
        description="DC Voltage",
    )
    DCW: RO[float | None] = holding_register(
        31,
        int16.scaled_by(DCW_SF).optional(0x8000),
        default=None,
        unit="W",
        description="DC Watts: DC Power",
    )
    TmpCab: RO[float] = holding_register(
        33, int16.scaled_by(Tmp_SF).or_nan(0x8000), unit="C", description="Cabinet Temperature"
    )
    TmpSnk: RO[float | None] = holding_register(
        34,
        int16.scaled_by(Tmp_SF).optional(0x8000),
        default=None,
        unit="C",
        description="Heat Sink Temperature",
    )
    TmpTrns: RO[float | None] = holding_register(
        35,
        int16.scaled_by(Tmp_SF).optional(0x8000),
        default=None,
        unit="C",
        description="Transformer Temperature",
    )
    TmpOt: RO[float | None] = holding_register(
        36,
        int16.scaled_by(Tmp_SF).optional(0x8000),
        default=None,
        unit="C",
        description="Other Temperature",
    )
    St: RO[InverterThreePhaseSt | int] = holding_register(
        38, enum(InverterThreePhaseSt, keep_unknown=True), description="Operating state"
    )
    StVnd: RO[int | None] = holding_register(
        39,
        uint16.optional(0xFFFF),
        default=None,
        description="Vendor Operating State: Vendor specific operating state code",
    )
    Evt1: RO[InverterThreePhaseEvt1] = holding_register(
        40, flags(InverterThreePhaseEvt1, uint32), description="Event1: Event fields"
    )
    Evt2: RO[int] = holding_register(
        42, uint32, description="Event Bitfield 2: Reserved for future use"
    )
    EvtVnd1: RO[int | None] = holding_register(
        44,
        uint32.optional(0xFFFFFFFF),
        default=None,
        description="Vendor Event Bitfield 1: Vendor defined events",
    )
    EvtVnd2: RO[int | None] = holding_register(
        46,
        uint32.optional(0xFFFFFFFF),
        default=None,
        description="Vendor Event Bitfield 2: Vendor defined events",
    )
    EvtVnd3: RO[int | None] = holding_register(
        48,
        uint32.optional(0xFFFFFFFF),
        default=None,
        description="Vendor Event Bitfield 3: Vendor defined events",
    )
    EvtVnd4: RO[int | None] = holding_register(
        50,
        uint32.optional(0xFFFFFFFF),
        default=None,
        description="Vendor Event Bitfield 4: Vendor defined events",
    )
