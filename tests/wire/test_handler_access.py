"""Who may do what: read-only servers, and access by role."""

from typing import Any

import pytest

from modbus_wire.access import RoleAccess
from modbus_wire.bank import SharedBank
from modbus_wire.codes import FunctionCode, Table
from modbus_wire.handler import Handler
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.identity import DeviceIdentification, ServerId
from modbus_wire.peer import NOBODY, Peer
from modbus_wire.server_connection import ServerConnection
from modbus_wire.services.registry import SERVICES
from modbus_wire.unit import MemoryFiles, Unit
from tests.wire.peers import mbap

READS = [
    "01 0000 0001", "02 0000 0001", "03 0000 0001", "04 0000 0001", "07", "08 0000 0001",
    "08 0002 0000", "08 000B 0000", "0B", "0C", "11", "14 07 06 0001 0000 0001", "18 0000",
    "2B 0E 01 00",
]  # fmt: skip
WRITES = [
    "05 0000 FF00", "06 0000 0001", "0F 0000 0001 01 01", "10 0000 0001 02 0001",
    "15 09 06 0001 0000 0001 0001", "16 0000 0000 FFFF", "17 0000 0001 0000 0001 02 0001",
    "08 0001 0000", "08 000A 0000", "08 0014 0000",
]  # fmt: skip


def full_unit() -> Unit:
    """Return a unit that has everything."""
    return Unit(
        SharedBank(),
        identification=DeviceIdentification.of("A", "B", "C"),
        server_id=ServerId(b"\1"),
        exception_status=0,
        diagnostic_register=0,
        files=MemoryFiles({1: [0]}),
        fifos={0: []},
    )


def is_done(handler: Handler, pdu: str, peer: Peer = NOBODY) -> bool:
    """Whether a request is carried out; otherwise it is exception 01."""
    request = bytes.fromhex(pdu)
    response = handler.handle(1, request, peer)
    assert response is not None
    assert response[0] == request[0] or response == bytes((request[0] | 0x80, 1))
    return response[0] == request[0]


@pytest.mark.parametrize("pdu", READS)
def test_reads_of_a_read_only_server(pdu: str) -> None:
    """What changes nothing is answered as ever."""
    unit = full_unit()
    response = Handler(unit).handle(1, bytes.fromhex(pdu))
    assert Handler(unit, read_only=True).handle(1, bytes.fromhex(pdu)) == response
    assert is_done(Handler(unit, read_only=True), pdu)


@pytest.mark.parametrize("pdu", WRITES)
def test_writes_of_a_read_only_server(pdu: str) -> None:
    """What would change something is exception 01, also where it is badly built."""
    assert is_done(Handler(full_unit()), pdu)
    handler = Handler(full_unit(), read_only=True)
    assert not is_done(handler, pdu)
    if not pdu.startswith("08"):
        assert not is_done(handler, pdu + "00")
        assert not is_done(handler, pdu[:2])


def test_a_read_only_server_cannot_be_silenced() -> None:
    """Forcing the listen only mode changes the server."""
    handler = Handler(SharedBank(), read_only=True)
    assert not is_done(handler, "08 0004 0000")
    handler.broadcast(bytes.fromhex("08 0004 0000"))
    assert not handler.diagnostics.is_listening_only
    assert handler.read(1, 3, 0, 1) == b"\0\0"


@pytest.mark.parametrize("sub_function", [0, 1, 4, 10, 11])
def test_diagnostics_on_a_network(sub_function: int) -> None:
    """FC 8 is refused there, so that nobody can silence a server, unless that is allowed."""
    pdu = bytes((8, 0, sub_function, 0, 0))
    refusing, answering = Handler(full_unit()), Handler(full_unit(), network_diagnostics=True)
    network = Peer("10.0.0.1", 4711)
    assert refusing.handle(1, pdu, network) == b"\x88\x01"
    refusing.broadcast(pdu, network)
    assert not refusing.diagnostics.is_listening_only
    assert answering.handle(1, pdu, network) == Handler(full_unit()).handle(1, pdu, Peer("COM1"))


def test_broadcasts_to_a_read_only_server() -> None:
    """They change nothing."""
    bank = SharedBank()
    Handler(bank, read_only=True).broadcast(bytes.fromhex("06 0000 0001"))
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [0]


@pytest.mark.parametrize("pdu", [*READS, *WRITES])
def test_roles(pdu: str) -> None:
    """Each role has its rule; a role that has none has that of the null role (SEC)."""
    access = RoleAccess(
        {"viewer": "read", "engineer": "write", "clerk": {3, FunctionCode.WRITE_SINGLE_REGISTER},
         "nobody": (), None: "read"}
    )  # fmt: skip
    handler = Handler(full_unit(), access=access)
    roles = ("viewer", "engineer", "clerk", "nobody", None, "unknown")
    done = {role: is_done(handler, pdu, Peer(role=role)) for role in roles}
    reads = pdu in READS
    assert done == {
        "viewer": reads,
        "engineer": True,
        "clerk": pdu[:2] in ("03", "06"),
        "nobody": False,
        None: reads,
        "unknown": reads,
    }


def test_no_rule_for_the_null_role() -> None:
    """Who has no role, or one without a rule, may do nothing then."""
    handler = Handler(SharedBank(), access=RoleAccess({"engineer": "write"}))
    assert not is_done(handler, "03 0000 0001")
    assert not is_done(handler, "03 0000 0001", Peer(role="other"))
    assert is_done(handler, "03 0000 0001", Peer(role="engineer"))


@pytest.mark.parametrize("pdu", ["06", "06 0000 0001 00", "10 0000 0000 00", "03 0000 0000", "14"])
def test_denied_before_anything_is_told(pdu: str) -> None:
    """Who may not write gets 01 also for a write that is badly built, who may gets 03."""
    unit = Unit(SharedBank(), files=MemoryFiles({}))
    handler = Handler(unit, access=RoleAccess({"all": "write", "none": ()}))
    code = int(pdu[:2], 16) | 0x80
    assert handler.handle(1, bytes.fromhex(pdu), Peer(role="all")) == bytes((code, 3))
    assert handler.handle(1, bytes.fromhex(pdu), Peer(role="none")) == bytes((code, 1))


def test_functions_that_are_not_there_are_01_for_all() -> None:
    """Access adds nothing to what the server has."""
    services = {kind: do for kind, do in SERVICES.items() if not kind.writes}
    handler = Handler(SharedBank(), services, access=lambda peer, unit_id, request: True)
    assert not is_done(handler, "06 0000 0001")
    assert not is_done(handler, "63")


def test_access_is_asked_at_each_request_of_a_connection() -> None:
    """The quick way is none for whom access has to be asked; it gets peer, unit and request."""
    asked: list[tuple[Peer, int, AnyRequest]] = []

    def access(peer: Peer, unit_id: int, request: AnyRequest) -> bool:
        asked.append((peer, unit_id, request))
        return unit_id == 1

    handler = Handler(SharedBank(), access=access)
    peer = Peer("10.0.0.1", 9, "operator")
    server = ServerConnection(handler, peer=peer)
    read = bytes.fromhex("03 0000 0001")
    assert server.receive(mbap(1, 1, read)) == mbap(1, 1, b"\3\2\0\0")
    assert server.receive(mbap(1, 2, read) * 3) == mbap(1, 2, b"\x83\1") * 3
    assert [(who, unit_id) for who, unit_id, _ in asked] == [(peer, 1), *[(peer, 2)] * 3]
    assert [request.encode() for _, _, request in asked] == [read] * 4


def test_broadcasts_are_asked_for() -> None:
    """A broadcast of who may not write is not carried out."""
    bank = SharedBank()
    handler = Handler(bank, access=RoleAccess({"engineer": "write", None: "read"}))
    handler.broadcast(bytes.fromhex("06 0000 0001"))
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [0]
    handler.broadcast(bytes.fromhex("06 0000 0001"), Peer(role="engineer"))
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [1]


def test_access_that_fails_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    """An error in it is exception 04, and nothing is carried out."""
    bank = SharedBank()

    def access(peer: Peer, unit_id: int, request: AnyRequest) -> bool:
        raise ZeroDivisionError

    handler = Handler(bank, access=access)
    assert handler.handle(1, bytes.fromhex("06 0000 0001")) == b"\x86\4"
    assert bank.get_registers(Table.HOLDING_REGISTERS, 0) == [0]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("rule", ["", "all", "READ", {0}, {128}, {-1}, [3, 200]])
def test_what_is_no_rule(rule: Any) -> None:
    """It is found when the rules are made."""
    with pytest.raises(ValueError, match=r"no rule|no function code"):
        RoleAccess({None: rule})
