"""Maps from other people's documents: round trips, what is understood, and every fault named."""

import io
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings

from modbus_schema.__main__ import main
from modbus_schema.describe.diff import diff
from modbus_schema.describe.rows import rows_of
from modbus_schema.describe.table_csv import to_csv
from modbus_schema.imports.faults import ImportFailed
from modbus_schema.imports.table_csv import from_csv
from modbus_schema.imports.telegraf import from_telegraf
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_wire.codes import Table
from tests.schema.generated_maps import Extent, maps
from tests.schema.test_describe import Pump
from tests.schema.test_values import Plant

SHEET = '''\
Register;Parameter;Format;Unit;Gain;Values;Access
40001;Phase 1 voltage;U16;V;0.1;;r
40002;State;uint16;;;0=Off, 1=Stand by, 2=On;r/w
30003;raw;raw(2);;;;
30010;int;INT 16;;;;
30011;more;raw(1);;;;
10001;class;;;;;
30020;"say """"""hi"""""" \\ o";float;;;;
'''
COLUMNS = {
    "address": "Register",
    "name": "Parameter",
    "type": "Format",
    "unit": "Unit",
    "scale": "Gain",
    "values": "Values",
    "access": "Access",
}

TELEGRAF = """
[[inputs.modbus]]
  name = "Device"
  slave_id = 1
  discrete_inputs = [ { name = "start", address = [0]}, { name = "stop", address = [1]} ]
  coils = [ { name = "motor1_run", address = [0]} ]
  holding_registers = [
    { name = "power_factor", byte_order = "AB", data_type = "FIXED", scale=0.01, address = [8]},
    { name = "energy", byte_order = "ABCD", data_type = "FIXED", scale=0.001, address = [5,6]},
    { name = "frequency", byte_order = "CDAB", data_type = "FLOAT32-IEEE", address = [10, 11]},
    { name = "low", byte_order = "BA", data_type = "UINT8L", address = [12]},
    { name = "label", data_type = "STRING", address = [20, 21, 22]},
  ]
[[inputs.modbus]]
  configuration_type = "request"
  [[inputs.modbus.request]]
    slave_id = 2
    register = "coil"
    fields = [ { address=0, name="motor1_run"}, {address=1, name="jog", omit=true} ]
  [[inputs.modbus.request]]
    slave_id = 2
    byte_order = "DCBA"
    register = "holding"
    fields = [
      { address=0, name="voltage", type="INT16", scale=0.1, output="FLOAT64"},
      { address=2, name="Energy Total", type="UINT64"},
      { address=7, name="ready", type="BIT", bit=3},
    ]
[[inputs.modbus]]
  configuration_type = "metric"
  [[inputs.modbus.metric]]
    slave_id = 3
    fields = [ { register="input", address=7, name="flow", type="FLOAT32"} ]
"""

HOME = """
modbus:
  - name: hub1
    type: tcp
    host: !secret host
    sensors:
      - name: Outdoor temperature
        address: 0x0A
        slave: 1
        input_type: input
        scale: 0.1
        nan_value: 0x8000
        unit_of_measurement: °C
      - {name: energy, address: 20, device_address: 1, data_type: uint32, swap: word,
         scan_interval: 90}
      - {name: phases, address: 30, slave: 1, data_type: custom, structure: ">3f", count: 6}
      - {name: many, address: 50, slave: 1, data_type: int32, virtual_count: 1, swap: word_byte}
      - {name: label, address: 60, slave: 1, data_type: string, count: 4}
    binary_sensors:
      - {name: alarm, address: 3, slave: 1, input_type: discrete_input}
      - {name: ready, address: 99, slave: 1, input_type: holding, virtual_count: 2}
    switches:
      - name: pump
        address: 40
        slave: 1
        command_on: 2
        command_off: 1
        verify: {address: 41, input_type: input}
      - {name: lamp, address: 5, slave: 1, write_type: coil, verify: }
    climates:
      - name: Living room
        address: 100
        slave: 1
        input_type: input
        target_temp_register: 101
        scale: 0.1
        offset: -40
        min_temp: 5
        max_temp: 30
        temperature_unit: C
        hvac_mode_register:
          address: 102
          values: {state_off: 0, state_heat: [1, 3], state_cool: 2}
        hvac_onoff_register: 103
    covers:
      - {name: blind, address: 1}
"""


def module_of(source: str) -> ModuleType:
    """Return the module of a source."""
    module = ModuleType("generated")
    exec(compile(source, "generated.py", "exec"), vars(module))
    return module


def fields_of(model: type[RegisterMap]) -> dict[str, tuple[str, str, str, str]]:
    """Return place, type, order and access of each field of a map."""
    return {
        row.name: (f"{row.table.label}[{row.address}]", row.type, row.order, row.access)
        for row in rows_of(model)
    }


def home_assistant(text: str, **options: str) -> str:
    """Import a configuration of Home Assistant, where PyYAML is there to read it."""
    pytest.importorskip("yaml")
    from modbus_schema.imports.home_assistant import from_home_assistant

    return from_home_assistant(text, **options)


@pytest.mark.parametrize("model", [Pump, Plant])
def test_csv_goes_there_and_back(model: type[RegisterMap]) -> None:
    """What is read from the CSV of a map is the same map: enums, groups, orders and limits."""
    source = from_csv(to_csv(model), name=model.__name__)
    assert diff(model, getattr(module_of(source), model.__name__)) == []


UNREADABLE = re.compile(
    r"scaled_by\(|composite\(|\.converted\(|Seconds|Swapped|Nibble|converted|Converted"
)


@settings(max_examples=60)
@given(maps())
def test_csv_of_any_map_goes_there_and_back(extent: Extent) -> None:
    """Nested, repeated, aliased and odd maps too; a codec of a user's own is refused by name."""
    document = to_csv(extent.model)
    if any(UNREADABLE.search(f"{slot.codec!r}") for slot in layout_of(extent.model).slots):
        with pytest.raises(ImportFailed, match=r"csv:\d+: "):
            from_csv(document)
    elif document.count("\n") > 1:
        model = module_of(from_csv(document)).Device
        assert diff(extent.model, model) == []


def test_a_data_sheet_becomes_a_map() -> None:
    """Other headings, addresses as printed, usual names of types, names that Python has."""
    source = from_csv(SHEET, name="Meter", columns=COLUMNS, notation="modicon", delimiter=";")
    model: Any = module_of(source).Meter
    assert fields_of(model) == {
        "class_": ("discrete[0]", "single_bit", "", "RO"),
        "raw": ("input[2]", "raw(2)", "", "RO"),
        "int": ("input[9]", "int16", "", "RO"),
        "more": ("input[10]", "raw(1)", "", "RO"),
        "say_hi_o": ("input[19]", "float32", "", "RO"),
        "phase_1_voltage": ("holding[0]", "uint16.scaled('0.1')", "", "RO"),
        "State": ("holding[1]", "enum(State2, keep_unknown=True)", "", "RW"),
    }
    by_name = {row.name: row for row in rows_of(model)}
    assert by_name["State"].values == {0: "Off", 1: "STAND_BY", 2: "On"}
    assert by_name["phase_1_voltage"].description == "Phase 1 voltage"
    assert by_name["phase_1_voltage"].unit == "V"
    assert by_name["say_hi_o"].description == 'say """hi""" \\ o'


def test_a_line_may_leave_its_table_to_the_call() -> None:
    """One table for all lines, addresses in hex that count from 1."""
    text = "name,address,type\nflow,0x10,float32\n"
    source = from_csv(text, notation="one", table=Table.INPUT_REGISTERS)
    assert fields_of(module_of(source).Device) == {"flow": ("input[15]", "float32", "", "RO")}


def test_all_faults_of_a_csv_are_named_at_once() -> None:
    """Each with file and line; nothing is written."""
    text = """\
table,address,modicon,size,name,type,order,access,min,values
holding,0,,,a,uint17,,,,
attic,1,,,b,uint16,,,,
input,2,,,c,uint16,,RW,,
holding,3,40005,,d,uint16,,,,
holding,70000,,,e,uint16,,,,
holding,6,,3,f,uint32,,,,
holding,7,,,g,uint16,upside down,,,
holding,8,,,h,uint16,,,low,
holding,9,,,i,enum(Mode),,,,
holding,10,,,j,uint16,,,,OFF
holding,11,,,k,"composite(Reading, tuple, int16)",,,,
holding,12,,,,uint16,,,,
holding,13,,,l,uint16,,,,
holding,14,,,l,uint16,,,,
holding,20,,,m,uint32,,,,
holding,21,,,n,uint32,,,,
holding,65535,,,o,uint32,,,,
holding,30,,,p,uint16.__class__,,,,
holding,31,,,q,uint16
holding,32,,,r,"uint16.scaled(0.1)",,,,
holding,33,,,s,bit(16),,,,
,34,,,t,uint16,,,,
"""
    with pytest.raises(ImportFailed) as failed:
        from_csv(text, file="meter.csv")
    reasons = {fault.where: fault.reason for fault in failed.value.faults}
    expected = {
        2: "uint17 is no type",
        3: "'attic' is no table",
        4: "input is read-only",
        5: "40005 is the address 4, not 3",
        6: "70000 is outside",
        7: "uint32 has a size of 2, not 3",
        8: "'upside down' is no order",
        9: "'low' is no limit",
        10: "Mode has no values",
        11: "'OFF' are no values",
        12: "is no type that can be read back",
        13: "'' is no name",
        15: "the name l is taken: meter.csv:14",
        17: "n: holding[21..22] overlaps m: holding[20..21] (meter.csv:16)",
        18: "outside of 0..65535",
        19: "is no type that can be read back",
        20: "another number of cells",
        21: "0.1 is no type that can be read back",
        22: "bits 0..15",
        23: "which table",
    }
    assert set(reasons) == {f"meter.csv:{line}" for line in expected}
    for line, reason in expected.items():
        assert reason in reasons[f"meter.csv:{line}"]
    assert str(failed.value).count("\n") == len(expected) - 1


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("", {}, "there is no column 'address', 'name'"),
        ("name,address\n", {}, "there are no fields"),
        ("Name,address\n", {}, "no column 'name'; there are 'Name', 'address'"),
        ("name,address\n", {"columns": {"unit": "Unit"}}, "no column 'Unit'"),
        ("name,address\n", {"columns": {"colour": "name"}}, "'colour' is no meaning"),
        ("name,address\na,1\n", {"notation": "zwei"}, "is no notation"),
        ("name,address,table,type\na[1].x,0,holding,int16\n", {}, "repeats with the indexes 1"),
        (
            "name,address,table,type\na[0].x,0,input,int16\na[1].x,1,input,int16\na[2].x,3,input,int16",
            {},
            r"csv:4: a\[2\] is not a\[0\]",
        ),
        ("name,address,table,type\na,0,input,int16\na.b,1,input,int16", {}, "csv:3: a.b: a is no"),
        ('name,address\n"a"b,1\n', {}, "csv: line [12] is no CSV"),
        ("name,address,table,type\na[0],0,input,int16", {}, "csv:2: .*is a group"),
    ],
)
def test_a_csv_that_is_no_map(text: str, options: dict[str, Any], why: str) -> None:
    """The whole file may be wrong, or its names."""
    with pytest.raises(ImportFailed, match=why):
        from_csv(text, **options)


def test_views_of_the_same_cells_are_marked() -> None:
    """The writable field owns them."""
    text = "name,address,table,type,access\na,0,holding,int16,RO\nb,0,holding,uint16,RW\n"
    assert "a: RO[int] = holding_register(0, int16, overlap=True)" in from_csv(text)


INSIDE = """name,address,table,type,access,overlap
b,1,holding,float32,RW,
c,2,holding,uint16,RW,{}
d,2,holding,bit(3),RO,
"""


def test_a_register_inside_of_another_field_may_be_a_mistake() -> None:
    """It is a view of its cells only where the document says so; bits are one as they are."""
    with pytest.raises(ImportFailed) as failed:
        from_csv(INSIDE.format(""))
    (fault,) = failed.value.faults
    assert fault.where == "csv:3"
    assert fault.reason.startswith("c: holding[2] overlaps b: holding[1..2] (csv:2); where that")
    assert fault.reason.endswith("is meant, say yes in the column overlap")
    with pytest.raises(ImportFailed, match="csv:3: 'maybe' is neither yes nor no"):
        from_csv(INSIDE.format("maybe"))
    model = module_of(from_csv(INSIDE.format("yes"))).Device
    views = {row.name: row.is_view for row in rows_of(model)}
    assert views == {"b": False, "c": True, "d": True}
    again = module_of(from_csv(to_csv(model))).Device
    assert {row.name: row.is_view for row in rows_of(again)} == views


def test_names_of_any_language() -> None:
    """Letters are letters, as in Python's own names."""
    names = ("温度", "Außen m²", "zones[0].été")
    lines = [f"{name},{address},input,int16" for address, name in enumerate(names)]
    source = from_csv("\n".join(["name,address,table,type", *lines]))
    assert list(fields_of(module_of(source).Device)) == ["温度", "außen_m2", "zones[0].été"]


def test_telegraf_in_all_its_styles() -> None:
    """A map for each unit id; orders and exact scales."""
    module = module_of(from_telegraf(TELEGRAF))
    assert fields_of(module.DeviceUnit1) == {
        "motor1_run": ("coil[0]", "single_bit", "", "RO"),
        "start": ("discrete[0]", "single_bit", "", "RO"),
        "stop": ("discrete[1]", "single_bit", "", "RO"),
        "energy": ("holding[5]", "int32.scaled('0.001')", "", "RO"),
        "power_factor": ("holding[8]", "int16.scaled('0.01')", "", "RO"),
        "frequency": ("holding[10]", "float32", "word little", "RO"),
        "low": ("holding[12]", "uint8.low", "byte little", "RO"),
        "label": ("holding[20]", "string(3, terminated=True)", "", "RO"),
    }
    assert fields_of(module.DeviceUnit2) == {
        "motor1_run": ("coil[0]", "single_bit", "", "RO"),
        "voltage": ("holding[0]", "int16.scaled('0.1')", "byte little", "RO"),
        "energy_total": ("holding[2]", "uint64", "word little, byte little", "RO"),
        "ready": ("holding[7]", "bit(3)", "byte little", "RO"),
    }
    assert fields_of(module.DeviceUnit3) == {"flow": ("input[7]", "float32", "", "RO")}


def test_all_faults_of_telegraf_are_named_at_once() -> None:
    """Each with the entry."""
    wrong = TELEGRAF
    for old, new in (
        ('"UINT64"', '"UINT63"'),
        ("[5,6]", "[5,7]"),
        ('"BA"', '"AX"'),
        ("[20, 21, 22]", "[]"),
        ('"AB", data', '"ABCD", data'),
        ("address=7, name=", "name="),
        ('register = "coil"', 'register = "spool"'),
    ):
        wrong = wrong.replace(old, new)
    with pytest.raises(ImportFailed) as failed:
        from_telegraf(wrong, file="t.conf")
    lines = str(failed.value).splitlines()
    for part in (
        "t.conf: inputs.modbus[0].holding_registers[0] (power_factor): 'ABCD' is no byte order",
        "t.conf: inputs.modbus[0].holding_registers[1] (energy): the addresses [5, 7]",
        "t.conf: inputs.modbus[0].holding_registers[3] (low): 'AX' is no byte order",
        "t.conf: inputs.modbus[0].holding_registers[4] (label): address is a list",
        "t.conf: inputs.modbus[1].request[0].fields[0] (motor1_run): 'spool' is no register",
        "t.conf: inputs.modbus[1].request[1].fields[1] (Energy Total): 'UINT63' is no type",
        "t.conf: inputs.modbus[1].request[1].fields[2] (ready): address is missing",
        "t.conf: inputs.modbus[2].metric[0].fields[0] (flow): address is missing",
    ):
        assert any(line.startswith(part) for line in lines), part
    assert len(lines) == 8


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no fields"),
        ("a = ", "t.conf: Invalid value"),
        ("inputs = 3", "no table of names"),
        ("[inputs]\nmodbus = 3", "modbus is no list"),
        ("[[inputs.modbus]]\ncoils = 3", "coils is no list"),
        ("[[inputs.modbus]]\ncoils = [3]", r"coils\[0\] is no table"),
    ],
)
def test_a_file_that_is_no_telegraf(text: str, why: str) -> None:
    """Whatever is in it, the error says what is wrong."""
    with pytest.raises(ImportFailed, match=why):
        from_telegraf(text, file="t.conf")


def test_home_assistant() -> None:
    """Sensors, binary sensors, switches and climates; what is left out is said."""
    source = home_assistant(HOME, file="ha.yaml")
    model: Any = module_of(source).Device
    assert "Left out: 1 covers." in source
    little = "word little, byte little"
    mode = "enum(LivingRoomHvacMode, keep_unknown=True)"
    assert fields_of(model) == {
        "lamp": ("coil[5]", "single_bit", "", "RW"),
        "alarm": ("discrete[3]", "single_bit", "", "RO"),
        "outdoor_temperature": ("input[10]", "int16.scaled('0.1').optional(0x8000)", "", "RO"),
        "pump_state": ("input[41]", "enum(PumpState, keep_unknown=True)", "", "RO"),
        "living_room.current_temperature": ("input[100]", "int16.scaled('0.1', '-40')", "", "RO"),
        "energy": ("holding[20]", "uint32", "word little", "RO"),
        "phases": ("holding[30]", "array(float32, 3)", "", "RO"),
        "pump": ("holding[40]", "enum(Pump, keep_unknown=True)", "", "WO"),
        "many": ("holding[50]", "array(int32, 2)", little, "RO"),
        "label": ("holding[60]", "string(4, terminated=True)", "", "RO"),
        "ready": ("holding[99]", "bit(0)", "", "RO"),
        "ready_1": ("holding[99]", "bit(1)", "", "RO"),
        "ready_2": ("holding[99]", "bit(2)", "", "RO"),
        "living_room.target_temperature": ("holding[101]", "int16.scaled('0.1', '-40')", "", "RW"),
        "living_room.hvac_mode": ("holding[102]", mode, "", "RW"),
        "living_room.is_on": ("holding[103]", "boolean", "", "RW"),
    }
    rows = {row.name: row for row in rows_of(model)}
    assert rows["outdoor_temperature"].unit == "°C"
    assert rows["living_room.target_temperature"].limits == "5..30"
    assert rows["energy"].every == "90s"
    assert rows["living_room.hvac_mode"].values == {0: "OFF", 1: "HEAT", 3: "HEAT_2", 2: "COOL"}


def test_all_faults_of_home_assistant_are_named_at_once() -> None:
    """Each with line and entity."""
    wrong = HOME
    for old, new in (
        ("0x0A", "70000"),
        ("uint32", "uint31"),
        (">3f", ">hf"),
        ("discrete_input", "attic"),
        ("command_on: 2", "command_on: much"),
        ("count: 4", "count: none"),
    ):
        wrong = wrong.replace(old, new)
    with pytest.raises(ImportFailed) as failed:
        home_assistant(wrong, file="ha.yaml")
    assert [fault.where for fault in failed.value.faults] == [
        "ha.yaml:7: sensors Outdoor temperature",
        "ha.yaml:14: sensors energy",
        "ha.yaml:16: sensors phases",
        "ha.yaml:18: sensors label",
        "ha.yaml:20: binary_sensors alarm",
        "ha.yaml:23: switches pump",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "no entities"), ("modbus: [", "no YAML"), ("3", "no list"), ("modbus: [3]", "no table")],
)
def test_a_file_that_is_no_home_assistant(text: str, why: str) -> None:
    """Whatever is in it, the error says what is wrong."""
    with pytest.raises(ImportFailed, match=why):
        home_assistant(text)


def test_the_source_is_clean(tmp_path: Path) -> None:
    """It is as a formatter leaves it, and a strict type checker has no objection."""
    pytest.importorskip("mypy")
    sources = {
        "plant": from_csv(to_csv(Plant), name="Plant"),
        "sheet": from_csv(SHEET, columns=COLUMNS, notation="modicon", delimiter=";"),
        "telegraf": from_telegraf(TELEGRAF),
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    root = Path(__file__).parents[2]
    for check in (
        ["ruff", "format", "--check", "--line-length=100", "."],
        ["ruff", "check", "--select=D,E,F,I,N,UP", "--ignore=D203,D213,E501", "--line-length=100"],
        ["mypy", "--strict", "--config-file=", "--follow-imports=silent", "."],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *check],
            cwd=tmp_path,
            env={"MYPYPATH": f"{root}", "PYTHONPATH": f"{root}", "PATH": ""},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the source, or all faults and status 1."""
    sheet = tmp_path / "power-meter.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    columns = [f"--column={meaning}={heading}" for meaning, heading in COLUMNS.items()]
    options = ["--notation", "modicon", "--delimiter", ";"]
    assert main(["import", "csv", str(sheet), *columns, *options]) == 0
    assert "class PowerMeter(RegisterMap):" in capsys.readouterr().out
    assert main(["import", "csv", str(sheet)]) == 1
    assert "power-meter.csv: there is no column" in capsys.readouterr().err
    assert main(["import", "telegraf", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
    config = tmp_path / "t.conf"
    config.write_text(TELEGRAF, encoding="utf-8")
    assert main(["import", "telegraf", str(config), "--name", "Plant"]) == 0
    assert "class PlantUnit1(RegisterMap):" in capsys.readouterr().out


def test_a_document_without_head_has_no_names() -> None:
    """A CSV that a spreadsheet wrote with quotes reads as one."""
    text = io.StringIO()
    text.write('"name","address","type","table"\n"a b","1","int16","hr"\n')
    assert "a_b: RW[int] = holding_register(1, int16" in from_csv(text.getvalue())
