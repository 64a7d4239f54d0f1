import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tunewright.cli import terminal
from tunewright.cli.terminal import cut, document, json_text, pairs, prepare, results_only, table, value_text, wrapped


def ascii_stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)


def written(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("ascii")


def test_a_terminal_without_the_character_gets_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = ascii_stream()
    monkeypatch.setattr(sys, "stdout", stream)
    prepare()

    terminal.say("0.99 ± 0.01 · 3 × 4 − 1… naïve")

    assert written(stream) == "0.99 +/- 0.01 - 3 x 4 - 1... na\\xefve\n"


def test_json_is_pure_ascii_where_the_stream_is_not_utf8_and_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = ascii_stream()
    monkeypatch.setattr(sys, "stdout", stream)

    document({"größe": "30 €", "emoji": "🎯"})

    assert json.loads(written(stream)) == {"größe": "30 €", "emoji": "🎯"}


def test_json_has_null_for_numbers_that_json_lacks() -> None:
    assert json.loads(json_text({"a": math.nan, "b": math.inf, "c": 1.5})) == {"a": None, "b": None, "c": 1.5}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("adam", "adam"),
        (True, "true"),
        (None, "null"),
        (3, "3"),
        (1e-5, "1e-05"),
        (0.1 + 0.2, "0.30000000000000004"),
        ([64, 64], "[64,64]"),
    ],
)
def test_a_value_is_shown_as_it_can_be_typed_again(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_columns_stand_under_their_headings(capsys: pytest.CaptureFixture[str]) -> None:
    table(("name", "#count"), [("a", "1"), ("longer", "1,000")])

    assert capsys.readouterr().out == "  name    count\n  a           1\n  longer  1,000\n"


def test_a_row_is_cut_at_the_edge_of_a_terminal_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    table(("x",), [("y" * 300,)])
    whole = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    table(("x",), [("y" * 300,)])

    assert "y" * 300 in whole
    assert max(map(len, capsys.readouterr().out.splitlines())) == 40


def test_pairs_stand_under_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    pairs([("lr", "0.1"), ("momentum", "0.9")])

    assert capsys.readouterr().out == "  lr        0.1\n  momentum  0.9\n"


def test_text_is_cut_to_one_line() -> None:
    assert cut("a\nb   c", 10) == "a b c"
    assert cut("a" * 20, 5) == "aaaa…"
    assert wrapped("word " * 60).count("\n") >= 2


def test_what_others_print_goes_to_the_standard_error_meanwhile(capsys: pytest.CaptureFixture[str]) -> None:
    with results_only(active=True):
        print("theirs")  # noqa: T201
    print("ours")  # noqa: T201

    assert capsys.readouterr() == ("ours\n", "theirs\n")


def test_so_does_what_the_processes_print_that_they_start(tmp_path: Path) -> None:
    code = """
import os, subprocess, sys
from tunewright.cli.terminal import results_only, say
with results_only(True):
    print("theirs")
    os.write(1, b"raw\\n")
    subprocess.run([sys.executable, "-c", "print('child')"], check=True)
say("ours")
"""

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout == "ours\n"
    assert set(done.stderr.split()) == {"theirs", "raw", "child"}


@pytest.mark.parametrize("arguments", [["--help"], ["größe"]])
def test_the_program_prints_on_an_ascii_terminal(arguments: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}

    done = subprocess.run(
        [sys.executable, "-m", "tunewright", *arguments], cwd=tmp_path, env=environment, capture_output=True, check=False
    )

    assert done.returncode in {0, 2}
    assert b"Traceback" not in done.stderr
    (done.stdout + done.stderr).decode("ascii")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_swallows_what_it_gets(closed: str) -> None:
    for arguments, code in (("--version", 0), ("nothing", 2)):
        done = subprocess.run(
            f"'{sys.executable}' -m tunewright {arguments} {closed}", shell=True, capture_output=True, check=False
        )

        assert done.returncode == code
        assert b"Traceback" not in done.stderr


def test_what_stands_under_a_name_is_broken_under_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")

    assert (
        wrapped("0.99   a model of some kind", first="  winner  ", indent=10)
        == "  winner  0.99   a model\n          of some kind"
    )
