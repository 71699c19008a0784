"""Moving from pyModbusTCP: the same script, then the same device as a class.

Run it: no device is needed.
"""

import socket

from modbus_schema import RO, RW, Device, RegisterMap, feed, float32, holding_register, uint16
from modbus_wire import utils
from modbus_wire.client import ModbusClient
from modbus_wire.server import DataBank, ModbusServer


class Boiler(RegisterMap):
    """What the script below does by hand."""

    temperature: RO[float] = holding_register(0, float32, unit="degC")
    setpoint: RW[int] = holding_register(2, uint16, unit="degC", max=95)


def by_hand(client: ModbusClient) -> None:
    """Read and write as a pyModbusTCP script does."""
    registers = client.read_holding_registers(0, 2)
    if registers:
        print("by hand:", utils.decode_ieee(utils.word_list_to_long(registers)[0]))
    else:
        print("by hand:", client.last_error_txt())
    client.write_single_register(2, 60)


def by_class(client: ModbusClient) -> None:
    """Do the same with the class, over the same client."""
    boiler = Device(client, Boiler)
    print("by class:", boiler.read())
    boiler.write(Boiler.setpoint.to(65))
    print("setpoint:", boiler.read(Boiler.setpoint))


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Serve a bank that was filled from an instance, and talk to it both ways."""
    feed(DataBank, Boiler(temperature=71.5, setpoint=70))
    server = ModbusServer(host="127.0.0.1", port=free_port(), no_block=True)
    server.start()
    client = ModbusClient(host="127.0.0.1", port=server.port, auto_open=True)
    try:
        by_hand(client)
        by_class(client)
    finally:
        client.close()
        server.stop()


if __name__ == "__main__":
    main()
