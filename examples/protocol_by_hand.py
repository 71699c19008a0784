"""The protocol without a register map: a bank, a server, a client, and the frames between them.

Run it: no device is needed.
"""

from modbus_wire import (
    Client,
    IllegalDataAddress,
    ReadWriteMultipleRegisters,
    Server,
    SparseBank,
    Table,
    TracedFrame,
)


def show(frame: TracedFrame) -> None:
    """Print a frame as it goes over the wire."""
    print("->" if frame.is_sent else "<-", frame.data.hex(" "))


def main() -> None:
    """Serve eight holding registers and two coils, and use them."""
    bank = SparseBank({Table.HOLDING_REGISTERS: [range(100, 108)], Table.COILS: [range(2)]})
    bank.set_registers(Table.HOLDING_REGISTERS, 100, [1, 2, 3])
    with Server(bank, port=0) as server:
        host, port = server.address
        with Client(host, port, trace=show) as client:
            print(client.read_holding_registers(100, 3))
            client.write_multiple_coils(0, [True, False])
            client.mask_write_register(100, and_mask=0xFFF0, or_mask=0x000C)
            request = ReadWriteMultipleRegisters(
                read_address=100, read_quantity=2, write_address=101, values=[0xBEEF]
            )
            print(client.execute(request))
            try:
                client.read_holding_registers(99)
            except IllegalDataAddress as refusal:
                print("refused:", refusal.message)
    print("the bank holds", bank.get_registers(Table.HOLDING_REGISTERS, 100, 2))


if __name__ == "__main__":
    main()
