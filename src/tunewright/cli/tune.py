"""The main job from the shell: a table goes in, a tuned model comes out."""

import contextlib
import shlex
import sys
import time as clock
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

import typer

from tunewright.automl.records import TunePlan, TuneRequest, TuneResult
from tunewright.automl.tune import tune as tune_table
from tunewright.catalog import FAMILIES
from tunewright.cli.exits import INTERRUPTED, OK
from tunewright.cli.notes import notes
from tunewright.cli.options import AsJson, Debug, Quiet, TimeSpan
from tunewright.cli.signals import Ears
from tunewright.cli.terminal import document, pairs, remark, results_only, say, wrapped
from tunewright.errors import DataError, NoResult, NothingFinished
from tunewright.events import Entry
from tunewright.history import History
from tunewright.paths import masked
from tunewright.tracking.progress import Progress
from tunewright.trial import Trial

__all__ = ["tune"]

_GO_ON: Final = "what was finished is in the study. To go on, say the same with --resume"
_WIDTH: Final = 10
"""Of the names under which the scores stand."""

_Data: TypeAlias = Annotated[str, typer.Argument(metavar="DATA", help="A CSV or Parquet file.")]
_Target: TypeAlias = Annotated[str, typer.Option("--target", "-t", metavar="COLUMN", help="What to predict.")]
_Metric: TypeAlias = Annotated[
    str | None,
    typer.Option("--metric", metavar="NAME", help="A scikit-learn scorer: roc_auc, log_loss, mae. [default: by the task]"),
]
_Trials: TypeAlias = Annotated[
    int | None,
    typer.Option("--trials", min=1, metavar="N", help="Search until the study holds so many trials. [default: --time 60s]"),
]
_Models: TypeAlias = Annotated[
    str | None,
    typer.Option("--models", metavar="A,B", help="Families: linear, knn, svm, forest, boosting, mlp. [default: all that fit]"),
]
_Cv: TypeAlias = Annotated[int, typer.Option("--cv", min=2, metavar="K", help="Folds of the cross-validation.")]
_Groups: TypeAlias = Annotated[
    str | None, typer.Option("--groups", metavar="COLUMN", help="Rows of one group stay on one side of every split.")
]
_TimeOrder: TypeAlias = Annotated[
    str | None, typer.Option("--time-order", metavar="COLUMN", help="Rows are in time: the latest are the test set.")
]
_Test: TypeAlias = Annotated[float, typer.Option("--test", metavar="SHARE", help="Share of the rows that the search never sees.")]
_Task: TypeAlias = Annotated[
    Literal["classification", "regression"] | None, typer.Option("--task", help="[default: told from the target]")
]
_Workers: TypeAlias = Annotated[
    int | None, typer.Option("--workers", min=1, metavar="N", help="Processes. [default: one for each core]")
]
_Seed: TypeAlias = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of the splits, the search and the models.")]
_Out: TypeAlias = Annotated[
    str | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for what is written. [default: tunewright-DATA]")
]
_Study: TypeAlias = Annotated[
    str | None, typer.Option("--study", metavar="STUDY", help="Where trials are kept. [default: study.db in the folder]")
]
_Name: TypeAlias = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="Of the study. [default: that of the data file]")
]
_Copies: TypeAlias = Annotated[
    Literal["auto", "together", "apart"],
    typer.Option(
        "--copies", help="Rows with the same features: on one side of every split, or not. auto: where chance gives fewer."
    ),
]
_Resume: TypeAlias = Annotated[bool, typer.Option("--resume", help="Go on with the study that is there.")]


def tune(
    data: _Data,
    *,
    target: _Target,
    metric: _Metric = None,
    time: TimeSpan = None,
    trials: _Trials = None,
    models: _Models = None,
    cv: _Cv = 5,
    groups: _Groups = None,
    time_order: _TimeOrder = None,
    test: _Test = 0.2,
    task: _Task = None,
    workers: _Workers = None,
    seed: _Seed = 0,
    out: _Out = None,
    study: _Study = None,
    name: _Name = None,
    copies: _Copies = "auto",
    resume: _Resume = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Find the best model for a table, and say honestly what it is worth.

    Holds out a test set, searches preprocessing and model families together by cross-validation, each family's default first, and
    writes the fitted model, a report and the study. Ctrl-C ends the search and keeps the best so far.
    """
    del debug
    request = TuneRequest(
        data=data, target=target, task=task, metric=metric, seconds=time, trials=trials, models=_names(models), cv=cv, groups=groups,
        time_order=time_order, test=test, workers=workers, seed=seed, out=out, study=study, name=name, resume=resume,
        copies=copies,
    )  # fmt: skip
    ears = Ears(shown=not quiet and sys.stderr.isatty())
    with results_only(as_json), ears, _Display(lambda: ears.interrupted, quiet=quiet) as display:
        try:
            result = tune_table(request, on_plan=display.plan, on_stage=display.stage, listeners=[display.result])
        except (NoResult, KeyboardInterrupt) as error:
            if not display.began:
                raise
            if isinstance(error, KeyboardInterrupt) or (ears.interrupted and isinstance(error, NothingFinished)):
                raise KeyboardInterrupt(_GO_ON) from error
            if ears.interrupted:  # what went wrong is more than the key
                raise NoResult(f"{error} The search was interrupted; {_GO_ON}.") from error
            raise
    for warning in result.warnings:
        remark(f"warning: {warning}")
    if as_json:
        document(result)
    else:
        _show(result)
    return INTERRUPTED if result.budget.ended == "interrupted" else OK


def _names(text: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise DataError(
            f"--models {text!r} names no family of models. Leave it out for all, or name some: {', '.join(FAMILIES)}."
        )
    return names


class _Display:
    """What the person sees while the job runs: the plan, the live line, and then what is done after the search.

    Attributes:
        began: whether there is a study to go on with.
    """

    def __init__(self, stopping: Callable[[], bool], *, quiet: bool) -> None:
        self._stopping = stopping
        self._quiet = quiet
        self.began = False
        self._start = clock.monotonic()
        self._progress: Progress | None = None
        self._seen = False
        self._shown = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()

    def plan(self, plan: TunePlan) -> None:
        """The search begins."""
        self.began = True
        if self._quiet:  # of progress, not of rows that are left out: what is judged is another thing then
            for note in plan.data.notes:
                remark(f"note: {note}")
            return
        left = None if plan.seconds is None else max(1.0, plan.seconds - (clock.monotonic() - self._start))
        progress = Progress(f"tuning  {plan.headline}", trials=plan.trials, seconds=left, label=_family, stopping=self._stopping)
        self._progress = self._shown.enter_context(progress)
        for line in notes(plan):
            progress.say(line)

    def result(self, history: History, entry: Entry) -> None:
        """A fold was judged."""
        if self._progress is not None:
            self._progress(history, entry)

    def stage(self, text: str) -> None:
        """Something else than the search is done."""
        if self._quiet:
            return
        if self._progress is not None and text.startswith("fitting"):
            self._shown.close()
            self._progress = None
        if self._progress is not None:
            self._progress.say(f" {text}")
        else:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def _family(trial: Trial) -> str:
    return str(trial.params.get("model", ""))


def _show(result: TuneResult) -> None:
    say()
    _say(result.title)
    for name, score, what in result.standing:
        _say(f"{score}   {what}", name)
    if result.test.winner.low is None:
        _say(result.test.sentence)
    _say(result.validated)
    say()
    for sentence in result.sentences:
        _say(sentence)
    say()
    paths = result.paths
    pairs(
        [
            ("model", _near(paths.model)),
            ("report", _near(paths.report)),
            ("study", f'"{paths.name}" in {_near(masked(paths.study).removeprefix("sqlite:///"))}'),
            ("next", f"tunewright predict {shlex.quote(_near(paths.model))} new.csv -o predictions.csv"),
        ],
        indent=0,
    )


def _say(text: str, name: str = "") -> None:
    """A sentence, or what stands under a name, broken at the terminal's edge; with the minus of programs, as all numbers here."""
    plain = text.replace("\N{MINUS SIGN}", "-")
    say(wrapped(plain, first=f"  {name:<{_WIDTH}}", indent=_WIDTH + 2) if name else wrapped(plain))


def _near(path: str) -> str:
    """From the current folder, where that is shorter."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path
