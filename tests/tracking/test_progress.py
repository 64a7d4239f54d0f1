import contextlib
import io
import math
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tunewright.errors import StudyError
from tunewright.execution.live import LiveTrial
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.schedulers.asha import ASHA
from tunewright.schedulers.once import Once
from tunewright.schedulers.race import Race
from tunewright.space import Categorical, Choice, Float, SearchSpace
from tunewright.study import Study
from tunewright.tracking.progress import Progress, clock, family, measured, plain_number, spread_of

SPACE = SearchSpace({"x": Float(0, 1, default=0.5), "opt": Categorical(["a", "b"])})


def loss(live: LiveTrial) -> float:
    return float(live["x"]) + 0.1 * (live.fold or 0)


def watched(study: Study, trials: int, history: History | None = None) -> list[str]:
    stream = io.StringIO()
    with Progress("running  it", trials=trials, stream=stream, live=False, history=history) as progress:
        study.optimize(loss, trials=trials, listeners=[progress])
    return stream.getvalue().splitlines()


def test_in_a_pipe_there_is_a_line_for_each_new_best_and_each_tenth_and_no_more() -> None:
    study = Study(SPACE, Metric("loss"), seed=1)

    lines = watched(study, 100)

    losses = [float(loss) for loss in study.history.losses[:, 0]]
    improvements = {n for n in range(100) if losses[n] < min(losses[:n], default=math.inf)}
    tenths = {n - 1 for n in range(10, 101, 10)}
    assert lines[0] == "running  it"
    assert len(lines) == 1 + len(improvements | tenths)
    assert [int(line.split()[0]) - 1 for line in lines[1:]] == sorted(improvements | tenths)


def test_a_line_says_what_matters_in_its_place() -> None:
    study = Study(SPACE, Metric("loss"), scheduler=Once(folds=3))
    study.enqueue({"x": 0.5, "opt": "a"}, note="default")

    lines = watched(study, 20)

    best = study.best
    assert re.fullmatch(
        rf" 20 of 20 trials   best {best.value:.2f} ± 0\.10 \(trial {best.number}\)   default 0\.60   0 failed   \d:\d\d used",
        lines[-1],
    )
    assert "\x1b" not in "".join(lines)


def test_better_is_greater_when_the_metric_is_maximized() -> None:
    study = Study(SPACE, Metric("score", "maximize"))

    lines = watched(study, 30)

    best = max(float(value) for value in study.history.values[:, 0])
    assert f"best {plain_number(best)} (trial {study.best.number})" in lines[-1]
    shown = [float(re.findall(r"best (\S+)", line)[0]) for line in lines[1:]]
    assert shown == sorted(shown)


def test_a_lucky_fold_is_no_best_once_the_others_tell() -> None:
    study = Study(SPACE, Metric("loss"), scheduler=Race(folds=4), seed=1)
    stream, shown = io.StringIO(), []
    with Progress(stream=stream) as progress:
        for _ in range(10):
            task = study.ask()
            study.tell(task, 1.0 if task.trial != 1 else 0.0 if task.fold == 0 else 3.0)
            progress(study.history, list(study.storage.read(1))[-1])
            shown.append(progress.line())

    assert "(trial 1)" not in " ".join(shown[:5])  # a single fold beside four proves nothing
    assert "best 1 ± 0 (trial 0)" in stream.getvalue().splitlines()[-1]


def test_failures_are_counted_and_a_trial_outside_its_bound_is_no_best() -> None:
    def objective(live: LiveTrial) -> dict[str, float]:
        if live["x"] > 0.9:
            raise ValueError
        return {"loss": live["x"], "cost": 1 - live["x"]}

    study = Study(SPACE, [Metric("loss"), Metric("cost", bound=0.5)])
    stream = io.StringIO()
    with Progress(trials=40, stream=stream) as progress:
        study.optimize(objective, trials=40, listeners=[progress])

    last = stream.getvalue().splitlines()[-1]
    assert f"{study.history.failed} failed" in last
    assert study.history.failed > 0
    assert f"(trial {study.best.number})" in last
    assert study.best.value is not None
    assert study.best.value >= 0.5


def test_with_several_metrics_it_shows_the_front() -> None:
    study = Study(SPACE, [Metric("a"), Metric("b", "maximize")])
    stream = io.StringIO()
    with Progress(stream=stream) as progress:
        study.optimize(lambda live: {"a": live["x"], "b": live["x"]}, trials=5, listeners=[progress])

    assert "on the Pareto front" in stream.getvalue()


def test_a_study_that_goes_on_starts_from_its_best() -> None:
    study = Study(SPACE, Metric("loss"))
    study.enqueue({"x": 0.0}, note="default")
    study.optimize(loss, trials=5)

    given = watched(study, 10, history=study.history)
    heard = watched(study, 15)

    for lines in (given, heard):
        assert "best 0 (trial 0)" in lines[1]
        assert "default 0 " in lines[1]
        assert len(lines) <= 12


def test_the_branch_that_a_trial_took_is_its_family() -> None:
    space = SearchSpace(
        {"model": Choice({"svm": {"C": Float(0, 1)}, "forest": {"depth": Float(0, 1)}}), "opt": Categorical(["a"])}
    )
    study = Study(space, Metric("loss"))
    stream = io.StringIO()
    with Progress(stream=stream) as progress:
        study.optimize(lambda live: live.trial, trials=3, listeners=[progress])

    first = study.history.trial(0)
    assert family(first) == first.params["model"]
    assert f"(({first.params['model']}, trial 0)"[1:] in stream.getvalue()


def test_what_does_not_fit_is_left_out_from_the_least_important_on() -> None:
    study = Study(SPACE, Metric("loss"), scheduler=Once(folds=3))
    study.enqueue({"x": 0.5, "opt": "a"}, note="default")
    progress = Progress(trials=10, stream=io.StringIO())
    with progress:
        study.optimize(loss, trials=10, listeners=[progress])

    lines = {width: progress.line(width) for width in range(50, 120)}
    assert all(len(line) < width for width, line in lines.items())
    assert all("best" in line and "10 of 10 trials" in line for line in lines.values())
    assert "default" in lines[119]
    assert "failed" not in lines[50]


def test_the_time_left_is_told_and_counts_down() -> None:
    with Progress(seconds=3600, stream=io.StringIO()) as progress:
        line = progress.line()

    assert line == "   0 trials   no result yet   0 failed   1:00:00 left"
    assert progress.line().endswith("0:00 used")


def test_a_stop_that_was_asked_for_is_acknowledged_at_once() -> None:
    asked: list[bool] = []
    with Progress(stream=io.StringIO(), stopping=lambda: bool(asked)) as progress:
        before = progress.line()
        asked.append(True)
        during = progress.line()

    assert "stopping" not in before
    assert "stopping: running trials finish; Ctrl-C again stops at once" in during
    assert "stopping" not in progress.line()


def test_where_the_encoding_lacks_a_sign_a_plain_one_stands_for_it() -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii", write_through=True)
    study = Study(SPACE, Metric("loss"), scheduler=Once(folds=3))
    with Progress(stream=stream) as progress:
        study.optimize(loss, trials=3, listeners=[progress])

    assert b"+/- 0.10" in buffer.getvalue()


def test_a_reader_that_went_away_does_not_end_the_search() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    study = Study(SPACE, Metric("loss"))
    stream = os.fdopen(writing, "w", encoding="utf-8", buffering=1)
    with Progress("running", stream=stream) as progress:
        study.optimize(loss, trials=5, listeners=[progress])

    assert study.history.completed == 5
    with pytest.raises(BrokenPipeError):
        stream.close()


LIVE = """
import sys, time
import tunewright as tw
from tunewright.tracking.progress import Progress

def slow(live):
    if live.trial == 2:
        print("a word of the objective")
    time.sleep(0.15)
    return live["x"]

study = tw.Study(tw.SearchSpace({"x": tw.Float(0, 1)}), tw.Metric("loss"))
with Progress("running  it", trials=6) as progress:
    study.optimize(slow, trials=6, listeners=[progress])
"""


def test_on_a_terminal_one_line_is_refreshed_in_place(tmp_path: Path) -> None:
    script = tmp_path / "live.py"
    script.write_text(LIVE, encoding="utf-8")
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}

    process = subprocess.Popen([sys.executable, script], stdout=follower, stderr=follower, env=environment, cwd=tmp_path)
    os.close(follower)
    text = ""
    while True:
        try:
            data = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        text += data.decode("utf-8", "replace")
    process.wait(timeout=60)
    os.close(leader)

    assert process.returncode == 0
    assert "\x1b[2K" in text  # the line is erased and drawn again
    lines = seen(text)
    assert lines[0] == "running  it"
    assert "a word of the objective" in lines
    assert [bool(re.match(r" +\d+ of 6 trials", line)) for line in lines].count(True) == 1
    assert re.fullmatch(r" 6 of 6 trials   best 0(\.\d+)? \(trial \d\)(   default \S+)?   0 failed   0:\d\d used", lines[-1])


def seen(text: str) -> list[str]:
    """What stands on the screen at the end: rows, with the few movements that a live line needs."""
    rows, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if part == "\n":
            row += 1
            rows.extend([""] * (row + 1 - len(rows)))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            rows[row] = ""
        elif not part.startswith("\x1b") and part != "\r":
            rows[row] += part
    return [line.rstrip() for line in rows if line.strip()]


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (0.99523, 0.0031, "0.9952 ± 0.0031"),
        (12.3456, 1.23, "12.3 ± 1.2"),
        (1234.5, 123.0, "1234 ± 123"),
        (0.5, math.nan, "0.5"),
        (0.5, 0.0, "0.5 ± 0"),
        (1e-12, 1e-13, "1e-12 ± 1e-13"),
        (3e12, 1e11, "3e+12 ± 1e+11"),
        (-0.25, 0.5, "-0.25 ± 0.50"),
        (-0.001, 0.5, "0.00 ± 0.50"),
        (-0.0, math.nan, "0"),
    ],
)
def test_a_value_has_as_many_digits_as_its_spread_allows(mean: float, sd: float, text: str) -> None:
    assert measured(mean, sd) == text


@pytest.mark.parametrize(
    ("x", "text"), [(0.99523, "0.9952"), (12345.6, "12346"), (1.2e-7, "1.2e-07"), (-3.0, "-3"), (2e15, "2e+15")]
)
def test_a_number_is_short_and_can_be_typed_again(x: float, text: str) -> None:
    assert plain_number(x) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (38.9, "0:38"), (60, "1:00"), (3725, "1:02:05"), (-3, "0:00")])
def test_time_is_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_the_spread_is_over_folds_and_unknown_for_one() -> None:
    study = Study(SPACE, Metric("loss"), scheduler=Once(folds=3))
    study.optimize(loss, trials=1)
    single = Study(SPACE, Metric("loss"))
    single.optimize(loss, trials=1)

    assert math.isclose(spread_of(study.history.trial(0), "loss"), 0.1)
    assert math.isnan(spread_of(single.history.trial(0), "loss"))


def test_of_budgets_the_line_follows_the_best_and_the_default_to_the_top() -> None:
    study = Study(SPACE, Metric("loss"), scheduler=ASHA(1, 9), seed=1)
    stream = io.StringIO()

    with Progress("growing", trials=12, stream=stream, live=False) as progress:
        study.optimize(lambda live: float(live["x"]) + 9 - (live.budget or 0), trials=12, listeners=[progress])

    last = stream.getvalue().splitlines()[-1]
    assert f"best {plain_number(study.best.value or 0.0)}"[:9] in last
    assert f"(trial {study.best.number})" in last
    assert "default 0.5 " in last  # with 9, not 8.5 as with 1


def as_shown(study: Study, progress: bool | None, trials: int = 3, **more: Any) -> None:
    study.optimize(loss, trials=trials, progress=progress, **more)


def test_where_it_is_wanted_a_search_shows_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for progress in (None, False, True):
        as_shown(Study(SPACE, Metric("loss")), progress)
        said = capsys.readouterr()
        assert said.out == ""
        assert bool(said.err) == (progress is True)
    assert re.match(r" 3 of 3 trials   best 0(\.\d+)? \(trial \d\)", said.err.splitlines()[-1])


def test_who_brings_a_line_of_progress_gets_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with Progress(stream=stream, live=False) as line:
        as_shown(Study(SPACE, Metric("loss")), True, listeners=[line])

    assert stream.getvalue()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("progress", [None, True])
@pytest.mark.parametrize("live", [False, True])
def test_a_standard_error_that_is_closed_or_not_there_ends_no_search(
    monkeypatch: pytest.MonkeyPatch, progress: bool | None, live: bool
) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        study = Study(SPACE, Metric("loss"))
        as_shown(study, progress)
        with Progress("running", live=live):
            study.optimize(loss, more=1)
        monkeypatch.undo()

        assert study.history.finished == 4


def test_it_is_said_what_else_progress_may_be() -> None:
    with pytest.raises(StudyError, match="progress must be True or False, got 'yes'"):
        as_shown(Study(SPACE, Metric("loss")), "yes")


AT_THE_FRONT = """
import sys, time
import tunewright as tw

LINE = tw.SearchSpace({"x": tw.Float(0, 1)})

def quick(live):
    time.sleep(0.05)
    return live["x"]

def nested(live):
    tw.Study(LINE).optimize(quick, trials=2)
    return live["x"]

for workers in (1, 2):
    tw.Study(LINE, seed=workers).optimize(nested, trials=4 + workers, workers=workers)
tw.Study(LINE).optimize(quick, trials=3, progress=False)
"""


def test_on_a_terminal_a_search_shows_one_line_whatever_its_objective_and_its_workers_search() -> None:
    text = on_a_terminal(AT_THE_FRONT)

    lines = seen(text)
    assert [line.split(" trials")[0] for line in lines] == [" 5 of 5", " 6 of 6"]
    assert "\x1b[2K" in text


def test_in_a_session_that_is_not_of_the_terminal_nothing_is_shown() -> None:
    script = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {AT_THE_FRONT!r}], start_new_session=True, check=True)\n"
    )

    assert on_a_terminal(script) == ""


def on_a_terminal(script: str) -> str:
    """What a script writes whose terminal is its own."""
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    process, leader = pty.fork()
    if not process:
        os.execve(sys.executable, [sys.executable, "-c", script], environment)
    text = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while data := os.read(leader, 65536):
            text += data
    os.close(leader)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, text.decode()
    return text.decode()
