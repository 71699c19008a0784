"""What a client would cost that checks nothing: one send, one receive, one unpack."""

import socket
from struct import Struct, pack, unpack
from types import TracebackType
from typing import Any, Self

_ADU = 260
HEAD = 9
"""Bytes of a response of FC3 or FC4 before its registers."""

_MANY, _FEW = 16, 10
_MBAP = 7
_read = Struct(">HHHBBHH").pack
_few = Struct(f">{_FEW}H").unpack_from


class RawClient:
    """Exchanges reads of holding registers over a blocking socket, by hand."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transaction_id = 0

    def exchange(self, quantity: int) -> bytes:
        """Return the whole response ADU of a read from address 0 on."""
        self._transaction_id = transaction_id = self._transaction_id + 1 & 0xFFFF
        self._socket.sendall(pack(">HHHBBHH", transaction_id, 0, 6, 1, 3, 0, quantity))
        return self._socket.recv(_ADU)

    def read_125(self) -> tuple[Any, ...]:
        """Return registers 0 to 124."""
        return unpack(">125H", self.exchange(125)[HEAD:])

    def read_many(self) -> list[tuple[Any, ...]]:
        """Return registers 0 to 9 sixteen times: asked for in one go, received frame by frame."""
        first = self._transaction_id + 1
        self._transaction_id += _MANY
        requests = [
            _read(number & 0xFFFF, 0, 6, 1, 3, 0, _FEW) for number in range(first, first + _MANY)
        ]
        receive = self._socket.recv
        self._socket.sendall(b"".join(requests))
        results = []
        for _ in requests:
            head = receive(_MBAP, socket.MSG_WAITALL)
            body = receive(int.from_bytes(head[4:6], "big") - 1, socket.MSG_WAITALL)
            results.append(_few(body, HEAD - _MBAP))
        return results

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
