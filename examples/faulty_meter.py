"""A meter that moves, and fails when it is told to: what a test of a program that reads it needs.

Run it: no device is needed. In a test of pytest, the fixtures ``simulated`` and ``manual_clock``
take the place of the ``with`` block and of the clock.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from modbus_schema import (
    RO,
    RW,
    Device,
    RegisterMap,
    float32,
    holding_register,
    input_register,
    simulate,
    uint16,
    uint32,
)
from modbus_schema.simulation import (
    Delay,
    Hole,
    ManualClock,
    NoAnswer,
    Stuck,
    counter,
    record,
    replay,
    rounded,
    sine,
)
from modbus_wire import Client, IllegalDataAddress, Policy, ResponseTimeout, ServerDeviceBusy


class Meter(RegisterMap, max_gap=4):
    """A meter of one phase."""

    voltage: RO[float] = input_register(0, float32, unit="V")
    current: RO[float] = input_register(2, float32, unit="A")
    power: RO[float] = input_register(4, float32, unit="W")
    energy: RO[int] = input_register(6, uint32, unit="Wh")
    limit: RW[int] = holding_register(0, uint16, unit="W")


START = Meter(voltage=230, current=2, power=0, energy=1000, limit=500)


def main() -> None:
    """Let a meter run for an hour, then let it fail in all ways."""
    clock = ManualClock()
    patience = Policy(timeout=0.5, retries=1)
    with (
        TemporaryDirectory() as directory,
        simulate(START, port=0, clock=clock) as sim,
        Client(sim.host, sim.port, policy=patience) as client,
    ):
        sim.move(Meter.voltage, rounded(sine(230, 10, period=3600), 1))
        sim.move(Meter.energy, counter(1000, per_second=0.125))

        @sim.depends(Meter.power, on=(Meter.voltage, Meter.current))
        def power(voltage: float, current: float) -> float:
            return voltage * current

        file = Path(directory) / "meter.jsonl"
        with record(client, file, clock=clock) as recorded:
            for _ in range(3):
                show(Device(recorded, Meter).read())
                clock.advance(900)

        meter = Device(client, Meter)
        print("the first answer is lost, the retry gets through:")
        with sim.fault(Meter.voltage, NoAnswer(), times=1):
            show(meter.read())
        print("the write is done, and its answer is lost:")
        with sim.fault(Meter.limit, NoAnswer(carried_out=True), only="writes"):
            try:
                meter.write(Meter.limit.to(700))
            except ResponseTimeout as error:
                print(f"  may have been applied: {error.may_have_been_applied}")
        print(f"  limit {sim.get(Meter.limit)}")
        print("every second request finds it busy, and the client asks again:")
        with sim.fault(ServerDeviceBusy, every=2) as fault:
            for _ in range(3):
                print(f"  {meter.read(Meter.energy)} Wh")
        print(f"  {fault.hits} of {fault.asked} requests were refused")
        print("a hole:")
        with sim.fault(Meter.current, Hole()):
            try:
                meter.read()
            except IllegalDataAddress as error:
                print(f"  {error.where}")
            print(f"  {meter.read(Meter.power)} W")
        print("a stuck sensor:")
        with sim.fault(Meter.voltage, Stuck()):
            clock.advance(900)
            print(f"  {meter.read(Meter.voltage)} V")
        print(f"  {meter.read(Meter.voltage)} V")
        print("too slow:")
        with sim.fault(Delay(60)):  # by the clock of the test, which stands still
            try:
                meter.read(Meter.limit)
            except ResponseTimeout:
                print(f"  {clock.waiting} answers wait")
            clock.advance(60)

        clock = ManualClock()
        with replay(file, port=0, clock=clock) as again, Client(again.host, again.port) as other:
            print("as it was recorded, after 1800 s:")
            clock.advance(1800)
            show(Device(other, Meter).read())


def show(state: Meter) -> None:
    """Print what a meter says."""
    print(f"  {state.voltage:.1f} V {state.power:.0f} W {state.energy} Wh, limit {state.limit} W")


if __name__ == "__main__":
    main()
