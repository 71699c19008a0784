"""What the type checkers know after a star import of the wire package; never run."""

# ruff: noqa: D103, F403, F405

from typing import assert_type

from modbus_wire import *


def all_of_it(client: Client, asynchronous: AsyncClient) -> None:
    assert_type(client.read_coils(0), list[bool])
    assert_type(asynchronous.policy, Policy)
    assert_type(len(VERSION), int)
    names_later  # type: ignore[name-defined] # pyright: ignore # noqa: B018
