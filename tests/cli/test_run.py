import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tunewright.events import Opened
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.schedulers import Once
from tunewright.space import Float
from tunewright.study import Study

Cli: TypeAlias = Callable[..., Any]

SLOW = """
import sys, time

def objective(live):
    print("trying", live.trial, flush=True)
    time.sleep(0.2)
    return (live["x"] - 1) ** 2
"""


def test_a_search_ends_with_the_best_and_says_how_to_go_on(cli: Cli) -> None:
    result = cli("run", "train:objective", "--space", "space.yaml", "--metric", "loss", "--trials", "12")

    study = Study.load("runs.db", "train:objective")
    assert result.code == 0
    assert study.history.completed == 12
    assert result.out.startswith(f"best    loss {study.best.value:.4g} (trial {study.best.number})\n")
    assert f"        x      {study.best.params['x']!r}\n" in result.out
    assert "next    tunewright show runs.db\n" in result.out
    assert result.err.startswith(
        "running  train:objective · 2 parameters · loss (minimize) · auto · 1 worker · budget 12 trials\n"
    )
    assert "12 of 12 trials" in result.err.splitlines()[-1]


def test_the_same_line_again_does_nothing_and_a_larger_goal_goes_on(cli: Cli) -> None:
    cli("run", "train:objective", "--space", "space.yaml", "--trials", "5")

    again = cli("run", "train:objective", "--space", "space.yaml", "--trials", "5")
    more = cli("run", "train:objective", "--trials", "8", "--json").json

    assert again.code == 0
    assert "(nothing was left to do)" in again.out
    assert again.err == ""
    assert more["counts"]["completed"] == 8
    assert more["new"] == 3


def test_json_is_the_only_thing_on_the_standard_output(cli: Cli) -> None:
    result = cli("run", "train:talks", "--space", "train:space", "--metric", "gain:maximize", "--trials", "3", "--json")

    assert result.json["counts"]["completed"] == 3
    assert result.json["best"]["values"]["gain"] == max(trial.value or 0.0 for trial in Study.load("runs.db").history.trials)
    assert result.err.count("trying") == 3


def test_every_configuration_is_judged_on_all_folds_with_all_seeds(cli: Cli) -> None:
    result = cli(
        "run", "train:noisy", "--space", "space.yaml", "--metric", "loss", "--folds", "3", "--seeds", "2", "--trials", "2", "-q"
    )

    trial = Study.load("runs.db").history.trial(0)
    assert result.code == 0
    assert result.err == ""
    assert [(each.fold, each.seed) for each in trial.measurements] == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    assert trial.measurements[0].info == {"size": 3}


@pytest.mark.parametrize("sampler", ["random", "quasi_random", "grid", "gp", "tpe", "evolution"])
def test_every_sampler_can_be_chosen(cli: Cli, sampler: str) -> None:
    assert cli("run", "train:objective", "--space", "space.yaml", "--sampler", sampler, "--trials", "4").code == 0

    assert Study.load("runs.db").history.origin(3) == sampler


def test_a_grid_says_its_size_and_ends_by_itself(cli: Cli) -> None:
    first = cli("run", "train:objective", "--space", "space.yaml", "--sampler", "grid", "--levels", "3", "--time", "1h")
    finer = cli("run", "train:objective", "--sampler", "grid", "--levels", "x=5", "--time", "1h")

    assert "timing the first of 6 configurations" in first.err
    assert re.search(r"grid of 6 configurations, about .* to go", first.err)
    assert "6 of 6 trials" in first.err
    assert re.search(r"grid of 10 configurations, about .* to go", finer.err)
    assert Study.load("runs.db").history.completed == 10


def test_by_hand_only_what_was_enqueued_is_tried(cli: Cli) -> None:
    cli("ask", "runs.db", "--space", "space.yaml", "--name", "mine")
    cli("tell", "runs.db", "0", "7")
    cli("enqueue", "runs.db", "x=1")

    result = cli("run", "train:objective", "--sampler", "manual", "--name", "mine", "--json").json

    assert result["new"] == 1
    assert result["best"]["params"]["x"] == 1.0


def test_several_metrics_have_a_front(cli: Cli, folder: Path) -> None:
    (folder / "two.py").write_text("def objective(live): return {'a': live['x'], 'b': live['x']}\n", encoding="utf-8")

    result = cli("run", "two:objective", "--space", "space.yaml", "--metric", "a", "--metric", "b:maximize", "--trials", "4")

    assert "best    4 trials on the Pareto front" in result.out


def test_a_search_in_memory_leaves_nothing(cli: Cli, folder: Path) -> None:
    before = {path.name for path in folder.iterdir()} | {"__pycache__"}

    result = cli("run", "train:objective", "--space", "space.yaml", "--trials", "3", "--study", "memory")

    assert result.code == 0
    assert "it ends with this command" in result.out
    assert {path.name for path in folder.iterdir()} <= before


def test_when_every_trial_fails_there_is_no_result_and_the_cause_is_said(cli: Cli) -> None:
    result = cli("run", "train:fails", "--space", "space.yaml", "--trials", "3")
    as_json = cli("run", "train:fails", "--trials", "4", "--json")

    assert result.code == as_json.code == 1
    assert "3 of 3 trials failed:\n  3 x  ValueError: diverged at" in result.err
    assert "no trial has a value" in result.err
    assert as_json.json["best"] is None


def test_the_first_failure_ends_the_search_if_asked_to(cli: Cli) -> None:
    result = cli("run", "train:fails", "--space", "space.yaml", "--trials", "3", "--on-failure", "raise")

    assert result.code == 1
    assert "Trial 0 failed: ValueError: diverged at" in result.err
    assert Study.load("runs.db").history.failed == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train:objective", "--space", "space.yaml"], "When is it enough? Say --trials 100, or --time 5m"),
        (["train:objective", "--trials", "3"], "There is no study in runs.db"),
        (["train:space", "--space", "space.yaml", "--trials", "3"], "is a SearchSpace, not a function"),
        (["train:objectiv", "--space", "space.yaml", "--trials", "3"], 'there is no "objectiv" in train'),
        (["nowhere:objective", "--space", "space.yaml", "--trials", "3"], 'there is no module "nowhere"'),
        (["train:objective", "--space", "space.yaml", "--trials", "-1"], "--trials"),
        (["train:objective", "--space", "space.yaml", "--trials", "3", "--workers", "0"], "--workers"),
        (["train:objective", "--space", "space.yaml", "--time", "soon"], "Write for example 60s"),
        (["train:objective", "--space", "space.yaml", "--trials", "3", "--sampler", "grit"], "grit"),
        (["train:objective", "--space", "space.yaml", "--trials", "3", "--levels", "3"], "Add --sampler grid"),
        (["train:objective", "--space", "nothing.yaml", "--trials", "3"], "nothing.yaml: No such file"),
    ],
)
def test_bad_input_is_said_and_nothing_is_made(cli: Cli, folder: Path, arguments: list[str], message: str) -> None:
    result = cli("run", *arguments)

    assert result.code == 2
    assert message in result.err
    assert len(result.err.splitlines()) == 1
    assert not (folder / "runs.db").exists() or not Study.load("runs.db").history.trials


def test_a_changed_space_is_said_and_edit_goes_on(cli: Cli, folder: Path) -> None:
    cli("run", "train:objective", "--space", "space.yaml", "--trials", "3")
    text = (folder / "space.yaml").read_text(encoding="utf-8").replace("high: 5", "high: 6")
    (folder / "space.yaml").write_text(text, encoding="utf-8")

    refused = cli("run", "train:objective", "--space", "space.yaml", "--trials", "6")
    edited = cli("run", "train:objective", "--space", "space.yaml", "--trials", "6", "--edit")

    assert refused.code == 2
    assert "x: high 5" in refused.err
    assert "--edit" in refused.err
    assert edited.code == 0
    assert Study.load("runs.db").history.completed == 6


def test_a_folder_that_cannot_hold_a_study_is_storage_trouble(cli: Cli) -> None:
    result = cli("run", "train:objective", "--space", "space.yaml", "--trials", "3", "--study", "nowhere/runs.db")

    assert result.code == 3
    assert "nowhere" in result.err


# ---- as a process of its own ---------------------------------------------------------------------------------------------------


def start(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    (folder / "slow.py").write_text(SLOW, encoding="utf-8")
    command = [sys.executable, "-m", "tunewright", "run", "slow:objective", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", **options
    )


def wait_for_trials(folder: Path, count: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (folder / "runs.db").exists() and Study.load(str(folder / "runs.db")).history.finished >= count:
            return
        time.sleep(0.1)
    raise AssertionError("no trial was finished in a minute")


@pytest.mark.slow
def test_ctrl_c_finishes_cleanly_and_the_same_line_goes_on(folder: Path) -> None:
    first = start(folder, "--space", "space.yaml", "--metric", "loss", "--trials", "1000", "--json")
    wait_for_trials(folder, 2)
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=60)
    held = Study.load(str(folder / "runs.db")).history

    second = start(folder, "--trials", str(held.finished + 2), "--workers", "2", "--json")
    out_2, err_2 = second.communicate(timeout=120)

    assert first.returncode == 130, err
    assert json.loads(out)["interrupted"] is True
    assert "interrupted; what was finished is kept" in err
    assert held.running == 0
    assert held.finished >= 2
    assert second.returncode == 0, err_2
    assert json.loads(out_2)["counts"]["completed"] == held.finished + 2
    assert "trying" in err_2  # what the worker processes print does not reach the standard output either


@pytest.mark.slow
def test_on_a_terminal_the_line_is_live_and_answers_ctrl_c(folder: Path) -> None:
    (folder / "slow.py").write_text(SLOW.replace("0.2", "0.5"), encoding="utf-8")
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "140", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "tunewright", "run", "slow:objective", "--space", "space.yaml", "--time", "10m"]
    process = subprocess.Popen(
        command, cwd=folder, stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
    )
    os.close(follower)

    text, pressed = "", False
    while True:
        try:
            data = os.read(leader, 65536).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            break
        text += data
        if not pressed and re.search(r"[1-9] trials?   best", text):
            process.send_signal(signal.SIGINT)
            pressed = True
    process.wait(timeout=60)
    os.close(leader)

    assert process.returncode == 130
    assert "stopping: running trials finish; Ctrl-C again stops at once" in text
    assert "\x1b[2K" in text
    assert re.search(r"best    value \S+ \(trial \d+\)", text)


def test_limits_for_each_task_come_from_the_shell(cli: Cli, folder: Path) -> None:
    (folder / "slow.py").write_text(
        "import time\ndef objective(live):\n    time.sleep(600 if live['x'] > 0 else 0)\n    return 1.0\n"
    )

    facts = cli(
        "run", "slow:objective", "--space", "space.yaml", "--sampler", "random", "--trials", "3", "--task-time", "1", "--json"
    ).json

    history = Study.load("runs.db").history
    late = [trial.number for trial in history.trials if trial.params["x"] > 0]
    assert 0 < len(late) < 3  # the study's seed makes it so
    assert [number for number, failure in history.failures if failure.kind == "timeout"] == late
    assert facts["counts"]["completed"] == 3 - len(late)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--task-memory", "lots"], "a size such as"),
        (["--gpus", "0", "--workers", "2"], "Repeat a device"),
        (["--isolation", "none", "--task-time", "5"], 'isolation="process"'),
    ],
)
def test_limits_that_cannot_be_had_say_so(cli: Cli, options: list[str], says: str) -> None:
    refused = cli("run", "train:objective", "--space", "space.yaml", "--trials", "3", *options)

    assert refused.code == 2
    assert says in refused.err


def test_a_worker_joins_with_the_goal_and_the_folds_of_the_study(cli: Cli) -> None:
    study = Study({"x": Float(-5, 5)}, Metric("loss"), sampler=Random(), scheduler=Once(folds=2), storage="runs.db", name="first")
    study.optimize(lambda live: float(live["x"]), trials=2)
    study._journal.write(-1, Opened(7, "Random()", "Once(folds=2, seeds=1)", {}, 5))  # somebody who works on it at this moment

    joined = cli("worker", "runs.db", "first", "train:noisy", "--json")

    history = Study.load("runs.db", "first").history
    assert joined.json["new"] == 3
    assert history.completed == 5
    assert [len(trial.measurements) for trial in history.trials] == [2] * 5
    assert history.origin(4) == "random"


def test_a_worker_needs_a_study_and_an_end(cli: Cli) -> None:
    missing = cli("worker", "runs.db", "first", "train:objective")
    Study({"x": Float(-5, 5)}, storage="runs.db", name="first")
    endless = cli("worker", "runs.db", "first", "train:objective")

    assert (missing.code, endless.code) == (2, 2)
    assert "no study" in missing.err
    assert "--trials" in endless.err


def test_who_goes_on_goes_on_with_the_same_folds_and_sampler(cli: Cli) -> None:
    cli(
        "run",
        "train:objective",
        "--space",
        "space.yaml",
        "--metric",
        "loss",
        "--trials",
        "2",
        "--folds",
        "3",
        "--sampler",
        "random",
    )
    cli("run", "train:objective", "--trials", "4")

    history = Study.load("runs.db", "train:objective").history
    assert [len(trial.measurements) for trial in history.trials] == [3, 3, 3, 3]
    assert history.origin(3) == "random"


def test_a_grid_goes_on_as_the_grid_it_was(cli: Cli) -> None:
    cli("run", "train:objective", "--space", "space.yaml", "--sampler", "grid", "--levels", "3", "--trials", "2", "-q")
    cli("run", "train:objective", "--trials", "4", "-q")
    cli("worker", "runs.db", "train:objective", "train:objective", "--trials", "6", "-q")

    history = Study.load("runs.db").history
    assert [history.origin(number) for number in range(6)] == ["grid"] * 6
    assert len({(history.trial(number).params["x"], history.trial(number).params["shape"]) for number in range(6)}) == 6
    assert {history.trial(number).params["x"] for number in range(6)} == {-5.0, 0.0, 5.0}


def test_a_worker_may_say_another_grid(cli: Cli) -> None:
    cli("run", "train:objective", "--space", "space.yaml", "--sampler", "random", "--trials", "1", "-q")
    cli("worker", "runs.db", "train:objective", "train:objective", "--sampler", "grid", "--levels", "2", "--trials", "5", "-q")

    assert {Study.load("runs.db").history.trial(number).params["x"] for number in range(1, 5)} == {-5.0, 5.0}


def test_an_empty_name_makes_no_study(cli: Cli, folder: Path) -> None:
    refused = cli("run", "train:objective", "--space", "space.yaml", "--trials", "1", "--name", "")

    assert refused.code == 2
    assert "--name is empty" in refused.err
    assert not (folder / "runs.db").exists()


def test_budgets_grow_and_the_next_line_goes_on_so(cli: Cli) -> None:
    Path("grow.py").write_text("def objective(live):\n    return live['x'] ** 2 + 1 / live.budget\n")

    first = cli("run", "grow:objective", "--space", "space.yaml", "--metric", "loss", "--budgets", "1:9", "--trials", "9")
    cli("run", "grow:objective", "--trials", "20", "--study", "runs.db")

    history = Study.load("runs.db", "grow:objective").history
    assert "loss (minimize), with budgets from 1 to 9" in first.err
    assert history.completed == 20
    assert set(history.budgets) == {1, 3, 9}
    assert [getattr(entry.event, "scheduler", "") for entry in history.sessions] == ["ASHA(1, 9)"] * 2


def test_budgets_are_asked_for_by_hand(cli: Cli) -> None:
    asked = [cli("ask", "hand.db", "--space", "space.yaml", "--budgets", "1:9")]
    for _ in range(3):
        trial = re.match(r"trial (\d+)", asked[-1].out)
        assert trial is not None
        cli("tell", "hand.db", trial[1], "0.5")
        asked.append(cli("ask", "hand.db"))

    assert [each.out.splitlines()[0] for each in asked] == [
        "trial 0, budget 1",
        "trial 0, budget 3",
        "trial 0, budget 9",
        "trial 1, budget 1",
    ]


def test_a_population_is_trained_to_its_end(cli: Cli) -> None:
    Path("breed.py").write_text(
        "from pathlib import Path\n\n\ndef objective(live):\n    done = float(Path(live.resume_from, 's').read_text()) if live.resume_from else 0.0\n"
        "    with live.save_checkpoint() as folder:\n        (folder / 's').write_text(str(done + live['x']))\n    return done + live['x']\n"
    )
    line = ("run", "breed:objective", "--space", "space.yaml", "--metric", "loss", "--budgets", "2:6", "--halving", "pbt")

    first = cli(*line, "--population", "5")

    history = Study.load("runs.db", "breed:objective").history
    assert first.code == 0
    assert "a population of 5 with budgets from 2 to 6" in first.err
    assert "auto for the first population, then clones of its best with other hyperparameters" in first.err
    assert "Gaussian process" not in first.err
    assert (history.budgets == 6).sum() == 5
    assert len(history.clones) == len(history) - 5
    assert getattr(history.sessions[0].event, "scheduler", "") == "PBT(2, 6, population=5)"
    asked = cli("ask", "hand.db", "--space", "space.yaml", "--budgets", "2:6", "--halving", "pbt")
    assert asked.out.splitlines()[0] == "trial 0, budget 2"
    assert cli(*line[:-2], "--population", "5").code == 2


def test_by_hand_a_clone_says_from_whose_checkpoint_it_goes_on(cli: Cli) -> None:
    line = ("ask", "hand.db", "--space", "space.yaml", "--budgets", "2:4", "--halving", "pbt", "--population", "4")
    for trial, value in enumerate(("2", "1", "3", "4")):
        cli(*line)
        cli("tell", "hand.db", str(trial), value)

    asked = [cli("ask", "hand.db").out.splitlines()[0] for _ in range(4)]

    assert asked[:3] == [f"trial {trial}, budget 4" for trial in range(3)]
    assert asked[3] == "trial 4, budget 4, from the checkpoint of trial 1 at budget 2"


def test_what_was_run_with_repeats_goes_on_with_them_unless_another_is_said(cli: Cli, folder: Path) -> None:
    (folder / "few.yaml").write_text("parameters:\n  n: {type: int, low: 1, high: 2}\n")
    (folder / "few.py").write_text("def objective(live):\n    return live['n']\n")
    cli("run", "few:objective", "--space", "few.yaml", "--sampler", "random", "--repeats", "--trials", "4")

    again = cli("run", "few:objective", "--trials", "6", "--json").json
    cli("run", "few:objective", "--no-repeats", "--trials", "8")

    assert again["counts"]["completed"] == 6
    assert Study.load("runs.db").history.finished == 6
    assert not Study.load("runs.db").repeats
