"""The README is true: its blocks run, its lines print what they say, its commands are CI's."""

import builtins
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import modbus_schema
import modbus_wire
from modbus_wire import ModbusError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PRINTED = re.compile(r"print\(.*\)\s+# (.*)$", re.MULTILINE)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs_and_prints_what_its_comments_say(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each block stands alone."""
    block = BLOCKS[number]
    exec(compile(block, f"README block {number}", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out.splitlines() == PRINTED.findall(block)


def test_the_blocks_are_clean_programs(tmp_path: Path) -> None:
    """They are typed as the README promises."""
    for number, block in enumerate(BLOCKS):
        (tmp_path / f"block_{number}.py").write_text(block, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--no-error-summary", *map(str, sorted(tmp_path.iterdir()))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout + done.stderr == ""


def test_there_are_blocks_to_run() -> None:
    """The expression that finds them has not gone blind."""
    assert len(BLOCKS) == 11
    assert len(PRINTED.findall(README)) == 28


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """What the README promises is what is checked."""
    commands = re.findall(r"```sh\n(.*?)\n```", README)
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_error_tree_is_the_real_one() -> None:
    """Each line of the drawn tree names a class below the one it hangs on, with the same bases."""
    tree = README.split("```text\nModbusError\n", 1)[1].split("```")[0]
    lines = re.findall(r"^([│ ]*)[├└]── (\w+)(?: \((\w+)\))?", tree, re.MULTILINE)
    parents: list[type] = [ModbusError]
    for indent, name, builtin in lines:
        depth = len(indent) // 4
        kind = getattr(modbus_schema, name, None) or getattr(modbus_wire, name)
        assert issubclass(kind, parents[depth])
        assert not builtin or issubclass(kind, getattr(builtins, builtin))
        parents[depth + 1 :] = [kind]
    assert len(lines) == 14
