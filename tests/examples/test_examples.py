"""Every example runs as its reader would run it, and says what it should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SAYS = {
    "async_poll": """\
cellar 3: GatewayTargetFailedToRespond
cellar 1: 18.5 l/min at 1500 rpm, <Alarm: 0>
cellar 2: 3.25 l/min at 1500 rpm, <Alarm.DRY: 1>
roof: 22.0 l/min at 1500 rpm, <Alarm: 0>
cellar 3: GatewayTargetFailedToRespond
cellar 1: 18.5 l/min at 1500 rpm, <Alarm: 0>
cellar 2: 3.25 l/min at 0 rpm, <Alarm.DRY: 1>
roof: 21.5 l/min at 1500 rpm, <Alarm: 0>
""",
    "heat_pump": """\
outdoor -3.5 degC, tank None, HEATING
the heat pump goes from AUTO to HEAT
circuit 2: Circuit(target=42.5, shift=1)
outdoor now -4.1
""",
    "faulty_meter": """\
  230.0 V 460 W 1000 Wh, limit 500 W
  240.0 V 480 W 1112 Wh, limit 500 W
  230.0 V 460 W 1225 Wh, limit 500 W
the first answer is lost, the retry gets through:
  220.0 V 440 W 1337 Wh, limit 500 W
the write is done, and its answer is lost:
  may have been applied: True
  limit 700
every second request finds it busy, and the client asks again:
  1337 Wh
  1337 Wh
  1337 Wh
  2 of 5 requests were refused
a hole:
  Meter.voltage..Meter.energy: input[0..7]
  440.0 W
a stuck sensor:
  220.0 V
  230.0 V
too slow:
  2 answers wait
as it was recorded, after 1800 s:
  230.0 V 460 W 1225 Wh, limit 500 W
""",
    "meter": """\
L1: 230.5 V 4.0 A 922 W
L2: 229.8 V 2.0 A 460 W
L3: 231.0 V 0.0 A 0 W
total 1382 W at 50.0 Hz
only L2: 459.5 W
""",
    "poll": """\
power: None -> 400.0 W
Meter(serial='A-17', power=400.0, energy=1200, relay=True)
power: 400.0 -> 430.0 W
Meter fails: ConnectError
Meter is back
relay 1 is off
relay 2 is off
['A-17', 'A-18']
""",
    "drive": """\
RUNNING REVERSE FREQUENCY_COMMUNICATION|RUN_COMMUNICATION
command word now 0002
""",
    "from_pymodbustcp": """\
by hand: 71.5
by class: Boiler(temperature=71.5, setpoint=60)
setpoint: 65
""",
    "sunspec_inverter": """\
model 1 at 40002
model 103 at 40070
model 160 at 40122
3460.0 W 230.1 V 12345678.0 Wh None
roof, south: 5.25 A, 2165.0 W
roof, west: 3.1 A, None W
('Acme', 7)
(<InverterThreePhaseSt.FAULT: 7>, <InverterThreePhaseEvt1.GROUND_FAULT: 1>)
""",
    "protocol_by_hand": """\
-> 00 01 00 00 00 06 01 03 00 64 00 03
<- 00 01 00 00 00 09 01 03 06 00 01 00 02 00 03
[1, 2, 3]
-> 00 02 00 00 00 08 01 0f 00 00 00 02 01 01
<- 00 02 00 00 00 06 01 0f 00 00 00 02
-> 00 03 00 00 00 08 01 16 00 64 ff f0 00 0c
<- 00 03 00 00 00 08 01 16 00 64 ff f0 00 0c
-> 00 04 00 00 00 0d 01 17 00 64 00 02 00 65 00 01 02 be ef
<- 00 04 00 00 00 07 01 17 04 00 0c be ef
[12, 48879]
-> 00 05 00 00 00 06 01 03 00 63 00 01
<- 00 05 00 00 00 03 01 83 02
refused: exception 02, illegal data address
the bank holds [12, 48879]
""",
}


def test_every_example_is_run() -> None:
    """No example is left out here."""
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("name", sorted(SAYS))
def test_an_example_says(name: str) -> None:
    """It starts its own simulated device, ends by itself, and warns of nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / f"{name}.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == SAYS[name]
