"""A SunSpec inverter: found by a scan, read and written by typed classes of its models.

The classes in ``examples/devices`` were written by ``python -m modbus_schema import sunspec 103``.
The inverter is a simulated one; run it from the root: ``python -m examples.sunspec_inverter``.
"""

from examples.devices.sunspec_1 import Common
from examples.devices.sunspec_103 import (
    InverterThreePhase,
    InverterThreePhaseEvt1,
    InverterThreePhaseSt,
)
from examples.devices.sunspec_160 import Mppt, MpptModule
from modbus_schema import sunspec
from modbus_wire import Client

COMMON = Common(Mn="Acme", Md="Sun 9000", SN="A-4711", DA=1)
INVERTER = InverterThreePhase(
    A_SF=-2,
    A=15.06,
    AphA=5.02,
    AphB=5.01,
    AphC=5.03,
    V_SF=-1,
    PhVphA=230.1,
    PhVphB=229.8,
    PhVphC=231.0,
    W_SF=1,
    W=3460,
    Hz_SF=-2,
    Hz=50.01,
    WH_SF=0,
    WH=12_345_678,
    Tmp_SF=-1,
    TmpCab=41.5,
    St=InverterThreePhaseSt.MPPT,
    Evt1=InverterThreePhaseEvt1(0),
    Evt2=0,
)
STRINGS = Mppt(
    DCA_SF=-2,
    DCV_SF=-1,
    DCW_SF=0,
    N=2,
    module=(
        MpptModule(ID=1, IDStr="roof, south", DCA=5.25, DCV=412.5, DCW=2165),
        MpptModule(ID=2, IDStr="roof, west", DCA=3.1, DCV=408.0),
    ),
)


def show(client: Client) -> None:
    """Print what is found behind a client."""
    found = sunspec.scan(client)
    for each in found.models:
        print(f"model {each.model_id} at {each.address}")
    common = found.device(Common)
    inverter = found.device(InverterThreePhase).read()
    print(inverter.W, "W", inverter.PhVphA, "V", inverter.WH, "Wh", inverter.DCW)
    for string in found.device(Mppt).read().module:
        print(f"{string.IDStr}: {string.DCA} A, {string.DCW} W")
    common.write(Common.DA.to(7))
    print(common.read(Common.Mn, Common.DA))


def main() -> None:
    """Serve an inverter, look at it, and tell of a fault."""
    with (
        sunspec.simulate(COMMON, INVERTER, STRINGS, port=0) as simulated,
        Client(simulated.host, simulated.port) as client,
    ):
        show(client)
        simulated.part(InverterThreePhase).set(
            InverterThreePhase.St.to(InverterThreePhaseSt.FAULT),
            InverterThreePhase.Evt1.to(InverterThreePhaseEvt1.GROUND_FAULT),
        )
        device = sunspec.scan(client).device(InverterThreePhase)
        print(device.read(InverterThreePhase.St, InverterThreePhase.Evt1))


if __name__ == "__main__":
    main()
