"""``python -m tests.peers.pymodbustcp_child client HOST PORT`` or ``server CELLS``.

pyModbusTCP 0.1 or 0.3 in a program of its own, for the two cannot be in one process: PYTHONPATH
says which one it is. It is told lines and answers them, see children.py.
"""

import socket
import sys
import warnings
from importlib import import_module
from typing import Any

from tests.peers.face import IDENTIFICATION, INPUT_REGISTERS, INPUTS

with warnings.catch_warnings():
    # the older one has escapes that newer Pythons warn about
    warnings.simplefilter("ignore")
    client_module: Any = import_module("pyModbusTCP.client")
    server_module: Any = import_module("pyModbusTCP.server")

IS_OLD = callable(getattr(client_module.ModbusClient, "last_error", None))
"""Whether it is 0.1, where everything is a method."""


def words(values: Any) -> str:
    """Return a list of numbers or truth values as words."""
    return " ".join(str(int(value)) for value in values)


def identification(client: Any, category: int) -> str | None:
    """Read all objects of a category."""
    objects: dict[int, bytes] = {}
    following = 0
    while True:
        answer = client.read_device_identification(category, following)
        if answer is None:
            return None
        objects.update(answer.objects_by_id)
        if not answer.more_follows:
            return " ".join(f"{number}={value.hex()}" for number, value in objects.items())
        following = answer.next_object_id


def carry_out(client: Any, name: str, numbers: list[int]) -> str | None:
    """Carry a line out; None: it failed."""
    if name.startswith("read_") and name.endswith(("coils", "inputs", "registers")):
        if name == "read_write_multiple_registers":
            address, quantity, written, *values = numbers
            result = client.write_read_multiple_registers(written, values, address, quantity)
        else:
            result = getattr(client, name)(*numbers)
        return None if result is None else words(result)
    if name == "read_device_identification":
        return identification(client, numbers[0])
    if name.startswith("write_single"):
        done = getattr(client, name)(*numbers)
    else:
        done = getattr(client, name)(numbers[0], numbers[1:])
    return "" if done else None


def be_client(host: str, port: int) -> None:
    """Do what the lines say."""
    client = client_module.ModbusClient(
        host=host, port=port, unit_id=1, timeout=5.0, auto_open=True
    )
    for line in sys.stdin:
        name, *numbers = line.split()
        answer = carry_out(client, name, [int(number) for number in numbers])
        if answer is not None:
            print(f"ok {answer}".strip(), flush=True)
            continue
        refusal = client.last_except() if IS_OLD else client.last_except
        error = client.last_error() if IS_OLD else client.last_error
        print(f"exception {refusal}" if error == 7 else f"error {error}", flush=True)
    client.close()


def free_port() -> int:
    """Return a port that nothing listens on; neither version says which one it took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def old_server(port: int) -> Any:
    """Return a server of 0.1, which has one store for all."""
    return server_module.ModbusServer("127.0.0.1", port, no_block=True)


def new_server(port: int, cells: int) -> Any:
    """Return a server of 0.3 with four tables of their own."""
    bank = server_module.DataBank(
        coils_size=cells, d_inputs_size=cells, h_regs_size=cells, i_regs_size=cells
    )
    bank.set_discrete_inputs(0, INPUTS)
    bank.set_input_registers(0, INPUT_REGISTERS)
    identity = server_module.DeviceIdentification(objects_id=dict(IDENTIFICATION))
    return server_module.ModbusServer(
        "127.0.0.1", port, no_block=True, data_bank=bank, device_id=identity
    )


def be_server(cells: int) -> None:
    """Serve until the input ends."""
    port = free_port()
    server = old_server(port) if IS_OLD else new_server(port, cells)
    server.start()
    print(f"ok {port}", flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    if sys.argv[1] == "client":
        be_client(sys.argv[2], int(sys.argv[3]))
    else:
        be_server(int(sys.argv[2]))
