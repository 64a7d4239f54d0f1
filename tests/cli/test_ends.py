"""Real processes that press Ctrl-C on themselves, early and late."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tunewright.cli import ends

PRESS = "import os, signal; os.kill(os.getpid(), signal.SIGINT)\n"
LATE = """
import atexit, os, signal, threading, time


def objective(live):
    return live["x"]


def press():
    os.kill(os.getpid(), signal.SIGINT)
    print("closed all the same", file=open("closed", "w"))


def at_the_very_end():
    threading.main_thread().join()
    time.sleep(0.05)
    press()


atexit.register(press)
if os.environ.get("LATE") == "thread":
    atexit.unregister(press)
    threading.Thread(target=at_the_very_end).start()
"""


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), *sys.path])
    return subprocess.run(
        [sys.executable, "-m", "tunewright", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        check=False,
        timeout=120,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a background job ignores it
    )


@pytest.mark.parametrize("library", ["typer", "msgspec", "sqlalchemy"])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_while_a_command_is_loaded_ctrl_c_ends_it_with_130(tmp_path: Path, library: str, as_json: bool) -> None:
    (tmp_path / f"{library}.py").write_text(PRESS, encoding="utf-8")

    done = command(tmp_path, "show", "runs.db", *(["--json"] if as_json else []))

    assert done.returncode == 130, done.stderr
    assert done.stderr == "tunewright: interrupted\n"
    if as_json:
        assert json.loads(done.stdout) == {"error": {"type": "Interrupted", "message": "interrupted", "exit": 130}}
    else:
        assert done.stdout == ""


@pytest.mark.parametrize("late", ["atexit", "thread"])
def test_when_the_result_is_out_ctrl_c_spoils_nothing(tmp_path: Path, folder: Path, late: str) -> None:
    (folder / "late.py").write_text(LATE, encoding="utf-8")

    done = command(
        folder, "run", "late:objective", "--space", "space.yaml", "--trials", "2", "-q", "--json", "--study", "runs.db", LATE=late
    )

    assert done.returncode == 130, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout)["counts"]["completed"] == 2
    assert (folder / "closed").exists()
    assert not (folder / "runs.db-wal").exists()


def test_who_ignores_ctrl_c_goes_on_doing_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ends.begin(["show"])
        ends.work()
        ends.over()

        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_a_process_of_somebody_else_nothing_is_changed() -> None:
    before = signal.getsignal(signal.SIGINT)

    ends.work()
    ends.over()

    assert signal.getsignal(signal.SIGINT) is before
