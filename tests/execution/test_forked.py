import subprocess
import sys

import pytest

WAYS = {
    "return 2.0": (0, ""),
    "sys.exit()": (0, ""),
    "sys.exit(True)": (1, ""),
    "sys.exit(300)": (44, ""),
    "sys.exit('no data')": (1, "no data"),
    "raise ValueError('no rows')": (1, "ValueError: no rows"),
    "sys.excepthook = None; raise ValueError": (1, ""),
    "raise KeyboardInterrupt": (-2, "KeyboardInterrupt"),
}
"""How a forked process leaves the objective: its status, and what it says on stderr."""

SCRIPT = """
import os, sys, warnings
import tunewright as tw
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads

WAYS = {ways}

def leave(how):
    print("forked for", how)
    names = {{"sys": sys}}
    exec(f"def way():\\n    {{how}}", names)
    return names["way"]()

def objective(live):
    pid = os.fork()
    if pid == 0:
        return leave(WAYS[live.trial])
    _, status = os.waitpid(pid, 0)
    return {{"value": live["x"], "status": os.waitstatus_to_exitcode(status)}}

def steps(live):
    pid = os.fork()
    if pid == 0:
        yield 1.0
        print("went on")
    else:
        _, status = os.waitpid(pid, 0)
        yield {{"value": live["x"], "status": os.waitstatus_to_exitcode(status)}}

study = tw.Study({{"x": tw.Float(0.0, 1.0)}}, sampler=tw.samplers.Random(), storage="sqlite:///runs.db")
study.optimize({objective}, trials=len(WAYS), workers={workers}, isolation="{isolation}", progress=False)
print("END", [(str(trial.state), *(each.info["status"] for each in trial.measurements)) for trial in study.history.trials])
"""


def ran(folder, objective="objective", *, workers=1, isolation="none"):
    text = SCRIPT.format(ways=list(WAYS), objective=objective, workers=workers, isolation=isolation)
    return subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize(("workers", "isolation"), [(1, "none"), (2, "none"), (1, "process")])
def test_a_process_that_the_objective_forked_ends_where_the_objective_does_and_as_python_would(tmp_path, workers, isolation):
    done = ran(tmp_path, workers=workers, isolation=isolation)

    ends = [line for line in done.stdout.splitlines() if line.startswith("END")]
    assert ends == [
        f"END {[('completed', status) for status, _ in WAYS.values()]}"
    ]  # once: the rest of the script is the parent's
    for how, (_, says) in WAYS.items():
        assert f"forked for {how}" in done.stdout  # what it printed is written out
        assert says in done.stderr
    assert done.returncode == 0


def test_a_yield_leaves_the_objective_too(tmp_path):
    done = ran(tmp_path, "steps")

    assert "went on" not in done.stdout
    assert done.stdout.count("END") == 1
    assert done.stdout.endswith(f"END {[('completed', 0)] * len(WAYS)}\n")
