"""What is asked of the main job, and what comes of it: plain records.

`tune(TuneRequest) -> TuneResult` is the whole interface between the job and those who show it. Both records are frozen and JSON:
the command line prints a result with `--json`, the report page draws it, a program compares two of them. Every sentence that a
person should read stands in the record already; whoever shows it need not know how it was found.

A score is always given in the metric's own units (`log_loss` 0.12, not `neg_log_loss` -0.12) beside the way that is better.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from tunewright.analysis.text import counted, cut
from tunewright.analysis.told import Row, Told
from tunewright.automl.claims import Claim, Gap, RaceFacts
from tunewright.automl.copies import Copies
from tunewright.automl.scores import TestScores, judged_class
from tunewright.paths import masked
from tunewright.tracking.progress import measured, plain_number

__all__ = [
    "BudgetFacts",
    "ColumnFacts",
    "Configuration",
    "Copies",
    "Counts",
    "DataFacts",
    "FamilyFacts",
    "MetricFacts",
    "Paths",
    "SplitFacts",
    "TaskFacts",
    "TaskKind",
    "TunePlan",
    "TuneRequest",
    "TuneResult",
]

TaskKind: TypeAlias = Literal["classification", "regression"]


class TuneRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `tune` is asked to do.

    Attributes:
        data: path of a CSV or Parquet file.
        target: name of the column to predict.
        task: "classification" or "regression"; None: told from the target.
        metric: name of a scikit-learn scorer, with or without "neg_" ("roc_auc", "log_loss", "neg_log_loss"); None: by the task.
        seconds: budget of the search, wall time; None: no limit. When `trials` is None as well: 60.
        trials: how many finished trials the study shall hold; None: no limit.
        models: families to search, by name or alias; empty: all that the size of the table allows.
        cv: folds of the cross-validation, at least 2.
        groups: column whose equal values must stay on one side of every split; None: rows are independent.
        time_order: column that orders the rows; the latest are the test set; None: rows have no order.
        test: share of the rows that the search never sees, between 0 and 1.
        workers: processes; None: one for each processor that this process may use.
        seed: of the splits, the search and the models.
        out: folder for everything that is written; None: `tunewright-<stem of data>` in the current folder.
        study: URL of the storage; None: `study.db` in the folder.
        name: of the study within its storage; None: the stem of the data file.
        resume: go on with the study that is there, instead of refusing to touch it.
        copies: where rows with the same features stand. "together": on one side of every split; "apart": they are divided as independent
            rows; "auto": together where they are more than chance gives.
    """

    data: str
    target: str
    task: TaskKind | None = None
    metric: str | None = None
    seconds: float | None = None
    trials: int | None = None
    models: tuple[str, ...] = ()
    cv: int = 5
    groups: str | None = None
    time_order: str | None = None
    test: float = 0.2
    workers: int | None = None
    seed: int = 0
    out: str | None = None
    study: str | None = None
    name: str | None = None
    resume: bool = False
    copies: Literal["auto", "together", "apart"] = "auto"


class TaskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be learned.

    Attributes:
        kind: classification or regression.
        target: the column.
        reason: one sentence: why it is that task.
        classes: labels in the order of the probabilities; empty for regression.
        class_rows: rows of each class in the whole table, in that order.
        positive: the class that binary metrics count as positive, the last one; None when there are not exactly two.
    """

    kind: TaskKind
    target: str
    reason: str
    classes: tuple[str, ...] = ()
    class_rows: tuple[int, ...] = ()
    positive: str | None = None


class MetricFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is optimised.

    Attributes:
        name: in its own units ("log_loss").
        goal: which way is better.
        scorer: the scikit-learn scorer ("neg_log_loss").
        reason: one sentence: why this metric.
    """

    name: str
    goal: Literal["minimize", "maximize"]
    scorer: str
    reason: str


class ColumnFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one column of the table.

    Attributes:
        name: of the column.
        role: "number", "category", "bool", "date", "text", "constant", "identifier", "empty", "target", "groups", "order".
        used: whether the models see it, or something made of it.
        missing: share of missing values in the training rows, 0 to 1.
        sentence: what was done and why; empty for a column used as it is.
    """

    name: str
    role: str
    used: bool
    missing: float
    sentence: str = ""


class DataFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The table.

    Attributes:
        path: as given.
        rows, columns: as read.
        used_rows: rows that were learned from or tested on.
        train_rows, test_rows: their split.
        features: numbers and categories that the models see.
        fingerprint: hash of the table's content.
        notes: sentences about what was found while reading (encoding, delimiter, rows left out …).
        copies: rows with the same features; None: no two are the same.
    """

    path: str
    rows: int
    columns: int
    used_rows: int
    train_rows: int
    test_rows: int
    features: int
    fingerprint: str
    notes: tuple[str, ...] = ()
    copies: Copies | None = None


class SplitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How rows were divided.

    Attributes:
        kind: "stratified", "shuffled", "groups", "stratified groups" or "time".
        folds: of the cross-validation.
        sentence: how the test set and the folds were made.
        fingerprint: hash of which row is where.
        notes: what had to be changed to make it possible.
    """

    kind: str
    folds: int
    sentence: str
    fingerprint: str
    notes: tuple[str, ...] = ()


class FamilyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One family of models.

    Attributes:
        name: as in the space ("forest").
        title: for people ("random forest").
        searched: whether it is in the space.
        reason: one sentence on why it is not; empty when it is.
        trials: how many were finished.
        failed: how many failed.
        best: mean validation score of its best configuration; None without one.
        default: the same of its default configuration.
    """

    name: str
    title: str
    searched: bool
    reason: str = ""
    trials: int = 0
    failed: int = 0
    best: float | None = None
    default: float | None = None


class BudgetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the job was allowed, and what it took (seconds of wall time).

    Attributes:
        seconds, trials: the limits; None: none.
        workers: processes.
        searched: wall time of the search, of this run.
        finished: wall time of the rest: fitting the winner, the default and the baseline on all training rows, and the intervals.
        ended: why the search ended: "time", "trials", "interrupted" or "exhausted".
    """

    seconds: float | None
    trials: int | None
    workers: int
    searched: float
    finished: float
    ended: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Trials of the study: all, with a value, failed, and unfinished when the search ended."""

    trials: int
    completed: int
    failed: int
    unfinished: int


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration and its cross-validation.

    Attributes:
        trial: its number in the study; -1: it was not tried there.
        family: name of the model family.
        title: of the family, for people.
        params: active parameters by name.
        note: "default <family>" for a default; empty otherwise.
        mean: of the validation scores; None when it was not cross-validated.
        sd: standard deviation over folds (n - 1); None for fewer than two.
        folds: each fold's validation score, in the order of the folds.
        train: mean of the scores on the training part of each fold; None when unknown.
        fit_seconds: mean time to fit one fold.
    """

    trial: int
    family: str
    title: str
    params: dict[str, Any]
    note: str = ""
    mean: float | None = None
    sd: float | None = None
    folds: tuple[float, ...] = ()
    train: float | None = None
    fit_seconds: float | None = None


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are.

    Attributes:
        folder: everything written.
        model: the fitted pipeline, one file.
        result: this record as JSON.
        report: where the report page belongs; whoever draws it writes it there.
        study: URL of the storage.
        name: of the study in it.
    """

    folder: str
    model: str
    result: str
    report: str
    study: str
    name: str


class TunePlan(Told, msgspec.Struct, frozen=True, kw_only=True):
    """What is known before the first trial: for the head line of a progress display.

    `headline` is that line: "diagnosis · 455 rows × 30 columns · classification (2 classes) · roc_auc, 5 folds · budget 60 s".
    """

    headline: str
    task: TaskFacts
    metric: MetricFacts
    data: DataFacts
    columns: tuple[ColumnFacts, ...]
    split: SplitFacts
    families: tuple[FamilyFacts, ...]
    seconds: float | None
    trials: int | None
    workers: int
    paths: Paths
    warnings: tuple[str, ...] = ()

    @property
    def _told(self) -> list[str]:
        return [self.headline, *(f"warning: {warning}" for warning in self.warnings)]


class TuneResult(Told, msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        request: what was asked.
        task, metric, data, columns, split, families: what was found and decided.
        budget, counts: what it took.
        winner: the best configuration by validation; it is in the model file.
        default: the default that the winner is compared with.
        best: the best configurations, best first, at most 20; the first is the winner.
        recommended: "winner", or "default" when nothing is better than the default with probability 0.7 (then both are the same configuration).
        advice: one or two sentences for the reader: what to take, and how sure it is.
        test: scores on the test set.
        gap: over- or underfitting.
        claim: what cross-validation lets one expect.
        race: what racing saved.
        warnings: sentences; worst first.
        paths: where everything is.
        environment: versions of python, tunewright, numpy, scipy, scikit-learn, the platform.
        created: when the run ended, ISO 8601, UTC.
        version: of this record.
    """

    request: TuneRequest
    task: TaskFacts
    metric: MetricFacts
    data: DataFacts
    columns: tuple[ColumnFacts, ...]
    split: SplitFacts
    families: tuple[FamilyFacts, ...]
    budget: BudgetFacts
    counts: Counts
    winner: Configuration
    default: Configuration
    best: tuple[Configuration, ...]
    recommended: Literal["winner", "default"]
    advice: str
    test: TestScores
    gap: Gap
    warnings: tuple[str, ...]
    paths: Paths
    environment: dict[str, Any]
    created: str
    claim: Claim | None = None
    race: RaceFacts | None = None
    version: int = 1

    @property
    def title(self) -> str:
        """What the scores are, in a line."""
        rows, positive = counted(self.data.test_rows, "row"), judged_class(self.metric.scorer, self.task.positive)
        of = "" if positive is None else f' of the class "{positive}"'
        return f"{self.metric.name}{of} on {rows} that the search never saw ({self.metric.goal}; 95 % interval)"

    @property
    def standing(self) -> tuple[tuple[str, str, str], ...]:
        """Winner, default and baseline: the name, the score on the test set as text, and what it is."""
        default, test = ", the default" if self.recommended == "default" else "", self.test
        return (
            ("winner", test.winner.text, f"{self.winner.title}, trial {self.winner.trial}{default}, in the model file"),
            ("default", test.default.text, test.default_title),
            ("baseline", test.baseline.text, cut(test.baseline_title, 200)),
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to make of it: the advice, what cross-validation lets one expect, the gap, and what racing saved."""
        said = (self.advice, self.claim and self.claim.sentence, self.gap.sentence, self.race and self.race.sentence)
        return tuple(each for each in said if each)

    @property
    def validated(self) -> str:
        """The winner's cross-validation, in a line."""
        winner, folds = self.winner, len(self.winner.folds)
        spread = plain_number(winner.mean or 0.0) if winner.sd is None else measured(winner.mean or 0.0, winner.sd)
        fresh = folds - self.split.folds
        anew = f" ({self.split.folds} folds, and {fresh} on rows divided anew, to confirm it)" if fresh > 0 else ""
        return f"in cross-validation: {spread} over {counted(folds, 'fit')}{anew}, of {counted(self.counts.completed, 'configuration')}"

    @property
    def _told(self) -> list[str]:
        rows = [Row(f"  {name:<10}{score}   {what}", (name, score, what)) for name, score, what in self.standing]
        unsure = [self.test.sentence] if self.test.winner.low is None else []
        places = [
            f"  model {self.paths.model}",
            f"  report {self.paths.report}",
            f'  study "{self.paths.name}" in {masked(self.paths.study)}',
        ]
        warnings = [f"warning: {warning}" for warning in self.warnings]
        return [self.title, *rows, *unsure, self.validated, *self.sentences, *warnings, *places]
