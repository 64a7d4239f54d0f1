import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import typer

from tunewright import errors
from tunewright.cli.exits import exit_code, report_error

Cli: TypeAlias = Callable[..., Any]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NoResult("x"), 1),
        (errors.SpaceExhausted("x"), 1),
        (errors.ObjectiveError("x"), 1),
        (errors.ExtraMissing("x"), 1),
        (errors.SpaceError("x"), 2),
        (errors.ParamsError("x"), 2),
        (errors.DataError("x"), 2),
        (errors.ModelError("x"), 2),
        (errors.StudyMissing("x"), 2),
        (errors.StudyChanged("x"), 2),
        (errors.AlreadyTold("x"), 2),
        (typer.BadParameter("x"), 2),
        (errors.StorageError("x"), 3),
        (errors.StorageLocked("x"), 3),
        (errors.StorageDamaged("x"), 3),
        (OSError(errno.ENOSPC, "No space left on device"), 3),
        (KeyboardInterrupt(), 130),
        (typer.Abort(), 130),
        (typer.Exit(7), 7),
        (BrokenPipeError(), 0),
        (ZeroDivisionError("x"), 1),
    ],
    ids=repr,
)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


def test_what_was_interrupted_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    code = report_error(KeyboardInterrupt("say --resume"), ["--json"])

    said = capsys.readouterr()
    assert code == 130
    assert said.err == "tunewright: interrupted: say --resume\n"
    assert json.loads(said.out) == {"error": {"type": "Interrupted", "message": "interrupted: say --resume", "exit": 130}}


def test_an_error_is_one_line_without_a_traceback(cli: Cli) -> None:
    result = cli("best", "nothing.db")

    assert result == (2, "", "tunewright: There is no study in nothing.db. (The file nothing.db does not exist.)\n")


def test_a_wrong_choice_is_said_without_the_words_of_a_library(cli: Cli) -> None:
    result = cli("export", "nothing.db", "--format", "pdf")

    assert result.code == 2
    assert "Value error" not in result.err
    assert "'--format': 'pdf' is not one of" in result.err


def test_with_json_an_error_is_a_document_too(cli: Cli) -> None:
    result = cli("best", "nothing.db", "--json")

    assert result.code == 2
    assert result.json["error"]["type"] == "StudyMissing"
    assert result.json["error"]["exit"] == 2
    assert result.err == f"tunewright: {result.json['error']['message']}\n"


def test_debug_shows_the_traceback(cli: Cli) -> None:
    result = cli("best", "nothing.db", "--debug")

    assert "Traceback (most recent call last)" in result.err
    assert result.err.splitlines()[-1].startswith("tunewright: There is no study")


def test_a_misspelt_option_is_bad_usage_and_says_where_the_help_is(cli: Cli) -> None:
    result = cli("show", "runs.db", "--trail", "3", "--json")

    assert result.code == 2
    assert "--trial" in result.err
    assert "tunewright show --help" in result.err
    assert result.json["error"]["type"] == "UsageError"


def test_a_missing_argument_is_bad_usage(cli: Cli) -> None:
    result = cli("tell", "runs.db")

    assert result.code == 2
    assert "TRIAL" in result.err


def test_a_fault_of_ours_says_so_and_how_to_see_more(capsys: pytest.CaptureFixture[str]) -> None:
    code = report_error(ZeroDivisionError("division by zero"), [])

    assert code == 1
    assert "unexpected ZeroDivisionError: division by zero" in capsys.readouterr().err


def test_an_unwritable_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code = report_error(PermissionError(errno.EACCES, "Permission denied", "out.csv"), [])

    assert code == 3
    assert capsys.readouterr().err == "tunewright: out.csv: Permission denied\n"


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    """The pipe's reading end is closed before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "tunewright", "--help"], stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, check=False
    )
    os.close(writing)

    assert done.returncode == 0
    assert done.stderr == b""
