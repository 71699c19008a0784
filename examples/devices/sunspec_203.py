"""SunSpec model 203, written by `python -m modbus_schema import sunspec`.

Names and texts are those of SunSpec's definitions.
"""

from enum import IntFlag

from modbus_schema import RO, RegisterMap, flags, holding_register, int16, uint16, uint32


class AcMeterAbcnEvt(IntFlag):
    """The bits of AcMeterAbcn.Evt.

    Events: Meter Event Flags
    """

    M_EVENT_Power_Failure = 1 << 2
    M_EVENT_Under_Voltage = 1 << 3
    M_EVENT_Low_PF = 1 << 4
    M_EVENT_Over_Current = 1 << 5
    M_EVENT_Over_Voltage = 1 << 6
    M_EVENT_Missing_Sensor = 1 << 7
    M_EVENT_Reserved1 = 1 << 8
    M_EVENT_Reserved2 = 1 << 9
    M_EVENT_Reserved3 = 1 << 10
    M_EVENT_Reserved4 = 1 << 11
    M_EVENT_Reserved5 = 1 << 12
    M_EVENT_Reserved6 = 1 << 13
    M_EVENT_Reserved7 = 1 << 14
    M_EVENT_Reserved8 = 1 << 15
    M_EVENT_OEM01 = 1 << 16
    M_EVENT_OEM02 = 1 << 17
    M_EVENT_OEM03 = 1 << 18
    M_EVENT_OEM04 = 1 << 19
    M_EVENT_OEM05 = 1 << 20
    M_EVENT_OEM06 = 1 << 21
    M_EVENT_OEM07 = 1 << 22
    M_EVENT_OEM08 = 1 << 23
    M_EVENT_OEM09 = 1 << 24
    M_EVENT_OEM10 = 1 << 25
    M_EVENT_OEM11 = 1 << 26
    M_EVENT_OEM12 = 1 << 27
    M_EVENT_OEM13 = 1 << 28
    M_EVENT_OEM14 = 1 << 29
    M_EVENT_OEM15 = 1 << 30


class AcMeterAbcn(RegisterMap):
    """Model 203: wye-connect three phase (abcn) meter."""

    ID: RO[int] = holding_register(0, uint16, default=203, description="Model identifier")
    L: RO[int] = holding_register(1, uint16, default=105, description="Model length")
    A_SF: RO[int | None] = holding_register(
        6, int16.optional(0x8000), min=-10, max=10, description="Current scale factor"
    )
    V_SF: RO[int | None] = holding_register(
        15, int16.optional(0x8000), min=-10, max=10, description="Voltage scale factor"
    )
    Hz_SF: RO[int | None] = holding_register(
        17,
        int16.optional(0x8000),
        default=None,
        min=-10,
        max=10,
        description="Frequency scale factor",
    )
    W_SF: RO[int | None] = holding_register(
        22, int16.optional(0x8000), min=-10, max=10, description="Real Power scale factor"
    )
    VA_SF: RO[int | None] = holding_register(
        27,
        int16.optional(0x8000),
        default=None,
        min=-10,
        max=10,
        description="Apparent Power scale factor",
    )
    VAR_SF: RO[int | None] = holding_register(
        32,
        int16.optional(0x8000),
        default=None,
        min=-10,
        max=10,
        description="Reactive Power scale factor",
    )
    PF_SF: RO[int | None] = holding_register(
        37,
        int16.optional(0x8000),
        default=None,
        min=-10,
        max=10,
        description="Power Factor scale factor",
    )
    TotWh_SF: RO[int | None] = holding_register(
        54, int16.optional(0x8000), min=-10, max=10, description="Real Energy scale factor"
    )
    TotVAh_SF: RO[int | None] = holding_register(
        71,
        int16.optional(0x8000),
        default=None,
        min=-10,
        max=10,
        description="Apparent Energy scale factor",
    )
    TotVArh_SF: RO[int | None] = holding_register(
        104,
        int16.optional(0x8000),
        default=None,
        min=-10,
        max=10,
        description="Reactive Energy scale factor",
    )
    A: RO[float] = holding_register(
        2, int16.scaled_by(A_SF).or_nan(0x8000), unit="A", description="Amps: Total AC Current"
    )
    AphA: RO[float] = holding_register(
        3,
        int16.scaled_by(A_SF).or_nan(0x8000),
        unit="A",
        description="Amps PhaseA: Phase A Current",
    )
    AphB: RO[float] = holding_register(
        4,
        int16.scaled_by(A_SF).or_nan(0x8000),
        unit="A",
        description="Amps PhaseB: Phase B Current",
    )
    AphC: RO[float] = holding_register(
        5,
        int16.scaled_by(A_SF).or_nan(0x8000),
        unit="A",
        description="Amps PhaseC: Phase C Current",
    )
    PhV: RO[float] = holding_register(
        7,
        int16.scaled_by(V_SF).or_nan(0x8000),
        unit="V",
        description="Voltage LN: Line to Neutral AC Voltage (average of active phases)",
    )
    PhVphA: RO[float] = holding_register(
        8, int16.scaled_by(V_SF).or_nan(0x8000), unit="V", description="Phase Voltage AN"
    )
    PhVphB: RO[float] = holding_register(
        9, int16.scaled_by(V_SF).or_nan(0x8000), unit="V", description="Phase Voltage BN"
    )
    PhVphC: RO[float] = holding_register(
        10, int16.scaled_by(V_SF).or_nan(0x8000), unit="V", description="Phase Voltage CN"
    )
    PPV: RO[float] = holding_register(
        11,
        int16.scaled_by(V_SF).or_nan(0x8000),
        unit="V",
        description="Voltage LL: Line to Line AC Voltage (average of active phases)",
    )
    PhVphAB: RO[float] = holding_register(
        12, int16.scaled_by(V_SF).or_nan(0x8000), unit="V", description="Phase Voltage AB"
    )
    PhVphBC: RO[float] = holding_register(
        13, int16.scaled_by(V_SF).or_nan(0x8000), unit="V", description="Phase Voltage BC"
    )
    PhVphCA: RO[float] = holding_register(
        14, int16.scaled_by(V_SF).or_nan(0x8000), unit="V", description="Phase Voltage CA"
    )
    Hz: RO[float] = holding_register(
        16, int16.scaled_by(Hz_SF).or_nan(0x8000), unit="Hz", description="Hz: Frequency"
    )
    W: RO[float] = holding_register(
        18, int16.scaled_by(W_SF).or_nan(0x8000), unit="W", description="Watts: Total Real Power"
    )
    WphA: RO[float | None] = holding_register(
        19,
        int16.scaled_by(W_SF).optional(0x8000),
        default=None,
        unit="W",
        description="Watts phase A",
    )
    WphB: RO[float | None] = holding_register(
        20,
        int16.scaled_by(W_SF).optional(0x8000),
        default=None,
        unit="W",
        description="Watts phase B",
    )
    WphC: RO[float | None] = holding_register(
        21,
        int16.scaled_by(W_SF).optional(0x8000),
        default=None,
        unit="W",
        description="Watts phase C",
    )
    VA: RO[float | None] = holding_register(
        23,
        int16.scaled_by(VA_SF).optional(0x8000),
        default=None,
        unit="VA",
        description="VA: AC Apparent Power",
    )
    VAphA: RO[float | None] = holding_register(
        24,
        int16.scaled_by(VA_SF).optional(0x8000),
        default=None,
        unit="VA",
        description="VA phase A",
    )
    VAphB: RO[float | None] = holding_register(
        25,
        int16.scaled_by(VA_SF).optional(0x8000),
        default=None,
        unit="VA",
        description="VA phase B",
    )
    VAphC: RO[float | None] = holding_register(
        26,
        int16.scaled_by(VA_SF).optional(0x8000),
        default=None,
        unit="VA",
        description="VA phase C",
    )
    VAR: RO[float | None] = holding_register(
        28,
        int16.scaled_by(VAR_SF).optional(0x8000),
        default=None,
        unit="var",
        description="VAR: Reactive Power",
    )
    VARphA: RO[float | None] = holding_register(
        29,
        int16.scaled_by(VAR_SF).optional(0x8000),
        default=None,
        unit="var",
        description="VAR phase A",
    )
    VARphB: RO[float | None] = holding_register(
        30,
        int16.scaled_by(VAR_SF).optional(0x8000),
        default=None,
        unit="var",
        description="VAR phase B",
    )
    VARphC: RO[float | None] = holding_register(
        31,
        int16.scaled_by(VAR_SF).optional(0x8000),
        default=None,
        unit="var",
        description="VAR phase C",
    )
    PF: RO[float | None] = holding_register(
        33,
        int16.scaled_by(PF_SF).optional(0x8000),
        default=None,
        unit="Pct",
        description="PF: Power Factor",
    )
    PFphA: RO[float | None] = holding_register(
        34,
        int16.scaled_by(PF_SF).optional(0x8000),
        default=None,
        unit="Pct",
        description="PF phase A",
    )
    PFphB: RO[float | None] = holding_register(
        35,
        int16.scaled_by(PF_SF).optional(0x8000),
        default=None,
        unit="Pct",
        description="PF phase B",
    )
    PFphC: RO[float | None] = holding_register(
        36,
        int16.scaled_by(PF_SF).optional(0x8000),
        default=None,
        unit="Pct",
        description="PF phase C",
    )
    TotWhExp: RO[float] = holding_register(
        38,
        uint32.scaled_by(TotWh_SF),
        unit="Wh",
        description="Total Watt-hours Exported: Total Real Energy Exported",
    )
    TotWhExpPhA: RO[float | None] = holding_register(
        40,
        uint32.scaled_by(TotWh_SF).optional(0),
        default=None,
        unit="Wh",
        description="Total Watt-hours Exported phase A",
    )
    TotWhExpPhB: RO[float | None] = holding_register(
        42,
        uint32.scaled_by(TotWh_SF).optional(0),
        default=None,
        unit="Wh",
        description="Total Watt-hours Exported phase B",
    )
    TotWhExpPhC: RO[float | None] = holding_register(
        44,
        uint32.scaled_by(TotWh_SF).optional(0),
        default=None,
        unit="Wh",
        description="Total Watt-hours Exported phase C",
    )
    TotWhImp: RO[float] = holding_register(
        46,
        uint32.scaled_by(TotWh_SF),
        unit="Wh",
        description="Total Watt-hours Imported: Total Real Energy Imported",
    )
    TotWhImpPhA: RO[float | None] = holding_register(
        48,
        uint32.scaled_by(TotWh_SF).optional(0),
        default=None,
        unit="Wh",
        description="Total Watt-hours Imported phase A",
    )
    TotWhImpPhB: RO[float | None] = holding_register(
        50,
        uint32.scaled_by(TotWh_SF).optional(0),
        default=None,
        unit="Wh",
        description="Total Watt-hours Imported phase B",
    )
    TotWhImpPhC: RO[float | None] = holding_register(
        52,
        uint32.scaled_by(TotWh_SF).optional(0),
        default=None,
        unit="Wh",
        description="Total Watt-hours Imported phase C",
    )
    TotVAhExp: RO[float | None] = holding_register(
        55,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Exported: Total Apparent Energy Exported",
    )
    TotVAhExpPhA: RO[float | None] = holding_register(
        57,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Exported phase A",
    )
    TotVAhExpPhB: RO[float | None] = holding_register(
        59,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Exported phase B",
    )
    TotVAhExpPhC: RO[float | None] = holding_register(
        61,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Exported phase C",
    )
    TotVAhImp: RO[float | None] = holding_register(
        63,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Imported: Total Apparent Energy Imported",
    )
    TotVAhImpPhA: RO[float | None] = holding_register(
        65,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Imported phase A",
    )
    TotVAhImpPhB: RO[float | None] = holding_register(
        67,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Imported phase B",
    )
    TotVAhImpPhC: RO[float | None] = holding_register(
        69,
        uint32.scaled_by(TotVAh_SF).optional(0),
        default=None,
        unit="VAh",
        description="Total VA-hours Imported phase C",
    )
    TotVArhImpQ1: RO[float | None] = holding_register(
        72,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAR-hours Imported Q1: Total Reactive Energy Imported Quadrant 1",
    )
    TotVArhImpQ1PhA: RO[float | None] = holding_register(
        74,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Imported Q1 phase A",
    )
    TotVArhImpQ1PhB: RO[float | None] = holding_register(
        76,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Imported Q1 phase B",
    )
    TotVArhImpQ1PhC: RO[float | None] = holding_register(
        78,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Imported Q1 phase C",
    )
    TotVArhImpQ2: RO[float | None] = holding_register(
        80,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Imported Q2: Total Reactive Power Imported Quadrant 2",
    )
    TotVArhImpQ2PhA: RO[float | None] = holding_register(
        82,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Imported Q2 phase A",
    )
    TotVArhImpQ2PhB: RO[float | None] = holding_register(
        84,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Imported Q2 phase B",
    )
    TotVArhImpQ2PhC: RO[float | None] = holding_register(
        86,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Imported Q2 phase C",
    )
    TotVArhExpQ3: RO[float | None] = holding_register(
        88,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q3: Total Reactive Power Exported Quadrant 3",
    )
    TotVArhExpQ3PhA: RO[float | None] = holding_register(
        90,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q3 phase A",
    )
    TotVArhExpQ3PhB: RO[float | None] = holding_register(
        92,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q3 phase B",
    )
    TotVArhExpQ3PhC: RO[float | None] = holding_register(
        94,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q3 phase C",
    )
    TotVArhExpQ4: RO[float | None] = holding_register(
        96,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q4: Total Reactive Power Exported Quadrant 4",
    )
    TotVArhExpQ4PhA: RO[float | None] = holding_register(
        98,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q4 Imported phase A",
    )
    TotVArhExpQ4PhB: RO[float | None] = holding_register(
        100,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q4 Imported phase B",
    )
    TotVArhExpQ4PhC: RO[float | None] = holding_register(
        102,
        uint32.scaled_by(TotVArh_SF).optional(0),
        default=None,
        unit="varh",
        description="Total VAr-hours Exported Q4 Imported phase C",
    )
    Evt: RO[AcMeterAbcnEvt] = holding_register(
        105, flags(AcMeterAbcnEvt, uint32), description="Events: Meter Event Flags"
    )
