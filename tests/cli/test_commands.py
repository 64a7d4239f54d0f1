import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tunewright.cli.commands import COMMANDS, group

Cli: TypeAlias = Callable[..., Any]


def test_the_help_lists_every_command_and_the_exit_codes(cli: Cli) -> None:
    result = cli("--help")

    assert result.code == 0
    assert all(f"\n  {name} " in result.out for name in COMMANDS)
    assert "Exit codes: 0 done; 1 the work failed" in result.out
    assert cli().out == result.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_ends_with_examples_that_it_understands(cli: Cli, name: str) -> None:
    result = cli(name, "--help")
    shown = [line.strip() for line in result.out.partition("Examples:")[2].splitlines() if line.strip()]
    command = group().get_command(None, name)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert result.code == 0
    assert shown == [line.strip() for line in COMMANDS[name].examples.strip().splitlines()]
    assert 2 <= len(shown) <= 4
    for line in shown:
        words = shlex.split(line.partition("|")[0], comments=True)
        assert words[:2] == ["tunewright", name]
        assert {word for word in words if re.fullmatch(r"-[a-z]|--[a-z-]+", word)} <= known, line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json_and_debug(name: str) -> None:
    command = group().get_command(None, name)

    assert {"--json", "--debug"} <= {option for parameter in command.params for option in parameter.opts}


def test_the_version_is_said(cli: Cli) -> None:
    result = cli("--version")

    assert result.code == 0
    assert re.fullmatch(r"tunewright \d+\.\d+\.\d+\S*\n", result.out)
    assert cli("--version", "--json").json["version"] in result.out


def test_a_misspelt_command_is_answered_with_the_right_one(cli: Cli) -> None:
    result = cli("shwo", "runs.db")

    assert result.code == 2
    assert "Did you mean 'show'?" in result.err
    assert result.out == ""


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_wait_for_no_heavy_library(argument: str) -> None:
    heavy = ("pandas", "scipy", "sklearn", "skops", "sqlalchemy", "pyarrow", "tunewright.study")
    code = f"import sys; from tunewright.cli import main; main([{argument!r}]); print([m for m in {heavy} if m in sys.modules])"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.splitlines()[-1] == "[]"


@pytest.mark.parametrize("module", ["tunewright", "tunewright.cli"])
def test_the_package_is_a_program_as_well(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version", "--json"], capture_output=True, text=True, check=True)

    assert list(json.loads(done.stdout)) == ["version"]
    assert subprocess.run([sys.executable, "-m", module, "nothing"], capture_output=True, check=False).returncode == 2
