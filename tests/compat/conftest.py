"""Every test that asks for ``package`` runs once with the released package and once with ours."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.compat.peers import OURS, RELEASED, Package, load, running

PortOf = Callable[[Package], int]


@pytest.fixture(params=[RELEASED, OURS])
def package(request: pytest.FixtureRequest) -> Package:
    """Return one package after the other."""
    if request.param == RELEASED:
        pytest.importorskip(RELEASED)
    return load(request.param)


@pytest.fixture
def ours() -> Package:
    """Return our package."""
    return load(OURS)


@pytest.fixture
def released() -> Package:
    """Return the released package."""
    pytest.importorskip(RELEASED)
    return load(RELEASED)


@pytest.fixture(scope="session")
def port_of() -> Iterator[PortOf]:
    """Return the port of a package's server, which runs to the end of the tests."""
    ports: dict[str, int] = {}
    with ExitStack() as servers:

        def start(package: Package) -> int:
            if package.name not in ports:
                ports[package.name] = servers.enter_context(running(package))
            return ports[package.name]

        yield start
