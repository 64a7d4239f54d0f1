"""What the search came to, and what it is worth.

The validation score of a winner is too good: it was chosen for it. So the winner is fitted again on all training rows and asked about
the test rows, which nothing has looked at, beside two others: the default, to see what the search was for, and a model that does not
look at the features at all, to see what learning was for.
"""

import platform
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import joblib
import msgspec
import numpy as np

from tunewright.analysis.generalization import by_folds
from tunewright.analysis.summary import default_trial, ranking, standard_deviation
from tunewright.analysis.training import gap, gap_sentence, gap_size
from tunewright.automl.claims import Claim, Gap, RaceFacts, claim_of, race_facts
from tunewright.automl.intervals import bootstrap, difference, scored, share_of_rows
from tunewright.automl.metrics import FURTHER
from tunewright.automl.model_file import Model, ModelCard, save_model
from tunewright.automl.objective import fit
from tunewright.automl.plan import Settled, shape_of
from tunewright.automl.records import Configuration, FamilyFacts, MetricFacts, Paths, TaskFacts
from tunewright.automl.scores import Score, TestScores
from tunewright.catalog import FAMILIES, default_params
from tunewright.errors import NoResult, NothingFinished
from tunewright.history import History
from tunewright.resampling.scoring import Answer, respond
from tunewright.tracking.provenance import environment, version
from tunewright.trial import Trial, TrialState
from tunewright.typing import Array, Params

__all__ = ["Finished", "as_json", "configuration", "environment_facts", "family_facts", "finish", "gap_of", "now"]

_BEST: Final = 20
_MANY_CELLS: Final = 500_000
"""Cells of the table from which on several threads are quicker than one."""


class Finished(NamedTuple):
    """The winner, fitted and judged.

    Attributes:
        winner, default, best: configurations.
        test: scores on the test rows.
        warnings: of the fits.
        seconds: that fitting and judging took.
        claim: what cross-validation lets one expect of the winner.
        race: what racing saved.
    """

    winner: Configuration
    default: Configuration
    best: tuple[Configuration, ...]
    test: TestScores
    warnings: tuple[str, ...]
    seconds: float
    claim: Claim
    race: RaceFacts


def finish(
    settled: Settled, history: History, *, seed: int, workers: int, paths: Paths, stage: Callable[[str], None], ended: str = ""
) -> Finished:
    """Fit the winner and the default on all training rows, judge them on the test rows, and save the winner.

    A default that cannot be fitted has no scores, and a warning says why.

    Args:
        settled, history, seed, workers, paths: of the search.
        stage: told what is done.
        ended: why the search did, as `BudgetFacts.ended`.

    Raises:
        NoResult: no trial has a value (NothingFinished, where none has failed either), or the winner cannot be fitted on all training rows.
        ModelError: the model cannot be written.
    """
    start = time.perf_counter()
    if not history.completed:
        raise _nothing(history, ended)
    proven = [item.trial for item in ranking(history, None) if history.proven[item.trial.number]]
    worth = by_folds(history, rows=_independent(settled))
    if worth.recommended == "default":  # nothing is likely enough to be better, whatever the scores say
        proven.sort(key=lambda trial: trial.params != worth.params)
    best = tuple(configuration(trial, settled.metric) for trial in proven[:_BEST])
    winner, default = best[0], _reference(history, settled.metric)
    stage(f"fitting the winner ({winner.title}) on all {settled.data.train_rows:,} training rows")
    model, said = _kept(winner, settled, seed, workers, paths)
    rows, classes = settled.split.test, len(settled.task.classes)
    warned = [f"The winner's fit warned: {sentence.rstrip('.')}." for sentence in said]
    answers = {"winner": respond(model, settled.x[rows], classes), "baseline": _baseline(settled)}
    if default.params == winner.params:
        answers["default"] = answers["winner"]
    else:
        stage(f"fitting the default ({default.title}) to compare with")
        try:
            other, _ = _fitted(default.params, settled, seed, workers)
            answers["default"] = respond(other, settled.x[rows], classes)
        except Exception as error:  # noqa: BLE001  whatever scikit-learn raises: the winner stands without it
            warned.append(
                f"The default, {default.title}, could not be fitted, so the winner is compared with none: {_brief(error)}."
            )
    stage(f"judging on {len(rows):,} test rows")
    test = _judged(settled, answers, default, seed)
    return Finished(
        winner,
        default,
        best,
        test,
        tuple(warned),
        time.perf_counter() - start,
        claim_of(worth, _about(history, winner, settled.metric)),
        race_facts(history, settled.split.facts.folds),
    )


def _independent(settled: Settled) -> int:
    """Training rows, of which copies count once."""
    train = settled.split.train
    return len(np.unique(settled.groups[train])) if settled.split.copies and settled.groups is not None else len(train)


def configuration(trial: Trial, metric: MetricFacts) -> Configuration:
    """A trial as a record for people."""
    done = sorted((m for m in trial.measurements if m.values is not None), key=lambda m: (m.seed, m.fold or 0))
    folds = tuple(m.values[metric.name] for m in done if m.values is not None)
    family = str(trial.params["model"])
    return Configuration(
        trial=trial.number,
        family=family,
        title=FAMILIES[family].title,
        params=trial.params,
        note=trial.note,
        mean=trial.value,
        sd=_real(standard_deviation(np.array(folds))) if len(folds) > 1 else None,
        folds=folds,
        train=_mean([m.info.get("train") for m in done]),
        fit_seconds=_mean([m.info.get("fit_seconds") for m in done]),
    )


def family_facts(
    history: History, names: tuple[str, ...], left_out: Mapping[str, str], metric: MetricFacts
) -> tuple[FamilyFacts, ...]:
    """How each family of the catalog fared."""
    trials = [trial for trial in history.trials if trial.state is not TrialState.RUNNING]
    better = max if metric.goal == "maximize" else min
    facts = []
    for family in FAMILIES.values():
        mine = [trial for trial in trials if trial.params.get("model") == family.name]
        values = [trial.value for trial in mine if trial.value is not None and history.proven[trial.number]]
        values = values or [trial.value for trial in mine if trial.value is not None]
        default = next((trial.value for trial in mine if trial.note == f"default {family.name}"), None)
        facts.append(
            FamilyFacts(
                name=family.name,
                title=family.title,
                searched=family.name in names,
                reason=left_out.get(family.name, ""),
                trials=len(mine),
                failed=sum(trial.state is TrialState.FAILED for trial in mine),
                best=better(values) if values else None,
                default=default,
            )
        )
    return tuple(facts)


def gap_of(history: History, winner: Configuration, *, default: bool = False) -> Gap:
    """Training beside validation score of the winner, and what that means; `default`: the model file holds the default."""
    found = gap(history, "train", winner=winner.trial)
    if found is None or found.best < 0:
        return Gap(train=winner.train, validation=winner.mean, verdict="unknown", sentence="The training score is not known.")
    metric = history.metrics[0]
    sentence = gap_sentence(found, metric, "the default" if default else "the winner")
    verdict = "overfitting" if gap_size(found, metric) == "large" else "underfitting" if "underfitting" in sentence else "sound"
    return Gap(train=found.train[found.best], validation=found.validation[found.best], verdict=verdict, sentence=sentence)


def environment_facts() -> dict[str, Any]:
    """With what it was made."""
    whole = environment()
    libraries = whole["libraries"] if isinstance(whole["libraries"], dict) else {}
    kept = {name: libraries[name] for name in ("numpy", "scipy", "scikit-learn", "pandas") if name in libraries}
    return {
        "tunewright": version(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": whole["cores"],
        **kept,
    }


def now() -> str:
    """This moment, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _about(history: History, winner: Configuration, metric: MetricFacts) -> str:
    """Which configuration the claim is about, where it is not the one in the model file."""
    best = configuration(history.best, metric)
    return "" if best.params == winner.params else f"The best in cross-validation was another, {best.title}, trial {best.trial}."


def _reference(history: History, metric: MetricFacts) -> Configuration:
    """The default that everything is compared with: the one that the study's own analyses call so; the space's where none was completed."""
    tried = default_trial(history)
    if tried is not None:
        return configuration(tried, metric)
    family = str(history.space.default["model"])
    return Configuration(
        trial=-1,
        family=family,
        title=FAMILIES[family].title,
        params=default_params(history.space, family),
        note=f"default {family}",
    )


def _kept(winner: Configuration, settled: Settled, seed: int, workers: int, paths: Paths) -> tuple[Any, Counter[str]]:
    """The winner, fitted and saved, and what was said meanwhile."""
    try:
        model, said = _fitted(winner.params, settled, seed, workers)
    except Exception as error:
        raise NoResult(
            f"The winner, {winner.title}, trial {winner.trial}, could be fitted on its folds but not on all training rows: {_brief(error)}. "
            "Look at the data, or choose other --models."
        ) from error
    card = ModelCard(
        schema=settled.schema,
        task=settled.task,
        metric=settled.metric,
        params=winner.params,
        validation=winner.mean,
        environment=environment_facts(),
        created=now(),
    )
    save_model(paths.model, Model(card, model))
    return model, said


def _fitted(params: Params, settled: Settled, seed: int, workers: int) -> tuple[Any, Counter[str]]:
    train = settled.split.train
    workers = workers if settled.x.size > _MANY_CELLS else 1
    # trees of a forest on threads of their own; OpenMP stays on one, since its threads wait for each other when the machine is busy
    with joblib.parallel_config(backend="threading", n_jobs=workers):
        model, said, _ = fit(params, shape_of(settled, None, whole=True), seed, settled.x[train], settled.y[train])
    return model, said


def _baseline(settled: Settled) -> Answer:
    """What a model says that knows the training targets and nothing else."""
    known, rows, classes = settled.y[settled.split.train], len(settled.split.test), len(settled.task.classes)
    if not classes:
        return Answer(np.full(rows, known.mean()), None)
    share = np.bincount(known.astype(int), minlength=classes) / len(known)
    return Answer(np.full(rows, float(share.argmax())), np.tile(share, (rows, 1)))


def _judged(settled: Settled, answers: Mapping[str, Answer], default: Configuration, seed: int) -> TestScores:
    rows, task = settled.split.test, settled.task
    y: Array = settled.y[rows]
    groups = None if settled.groups is None else settled.groups[rows]
    draws = bootstrap(settled.metric, y, answers, seed=seed, groups=groups)
    further = tuple(_further(task))
    scores = {name: scored(settled.metric, y, answer, draws[name], further, groups=groups) for name, answer in answers.items()}
    count = len(draws["winner"])
    by = "rows" if groups is None else "different rows" if settled.split.copies else "groups of rows"
    sentence = f"Scores on {len(rows)} rows that the search never saw, with 95 % intervals from {count} bootstrap draws of {by}."
    if not count:
        sentence = f"Scores on {len(rows)} rows that the search never saw; they are too few {by} for an interval."
    elif share_of_rows(settled.metric, groups):
        sentence = f"Scores on {len(rows)} rows that the search never saw, with 95 % intervals for shares of rows (Wilson's; of differences Bonett and Price's)."
    elif any(name != "baseline" and each.value is not None and each.low is None for name, each in scores.items()):
        sentence += (
            " Where all draws say the same, as of a model that is right on every row, the rows are too few for an interval."
        )
    if settled.split.timed:
        sentence += " They treat rows as independent; rows close in time are not, so the true intervals are wider."
    known = settled.y[settled.split.train]
    if task.classes:
        likely = task.classes[int(np.bincount(known.astype(int)).argmax())]
        baseline = f'always "{likely}", the most frequent class, with the share of each class as probability'
    else:
        baseline = f"always {known.mean():.6g}, the mean of the training rows"
    return TestScores(
        winner=scores["winner"],
        default=scores.get("default", Score(value=None, low=None, high=None)),
        baseline=scores["baseline"],
        default_title=f"{default.title} with scikit-learn's defaults",
        baseline_title=baseline,
        difference=difference(settled.metric, y, answers, draws, groups=groups),
        floor=difference(settled.metric, y, answers, draws, "baseline", groups=groups),
        draws=count,
        sentence=sentence,
    )


def _further(task: TaskFacts) -> list[MetricFacts]:
    kind = "regression" if task.kind == "regression" else "binary" if task.positive is not None else "classes"
    return [
        MetricFacts(
            name=name.removeprefix("neg_"), goal="minimize" if name.startswith("neg_") else "maximize", scorer=name, reason=""
        )
        for name in FURTHER[kind]
    ]


def _nothing(history: History, ended: str) -> NoResult:
    failures = Counter(failure.message for _, failure in history.failures)
    if not failures and ended == "interrupted":
        return NothingFinished("The search was interrupted before a configuration was finished. Say --resume to go on.")
    if not failures:
        return NothingFinished("No configuration was finished. Give more --time, or fewer --models.")
    message, count = failures.most_common(1)[0]
    all_ = "The only configuration" if history.failed == 1 else f"All {history.failed} configurations"
    return NoResult(
        f"{all_} failed, {count} of the fits with: {message.rstrip('. ')}. Look at the data, or choose other --models."
    )


def _brief(error: Exception) -> str:
    """What an error says, without the rest of a long text."""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '').rstrip('. ')}".rstrip(": ")


def _mean(values: list[Any]) -> float | None:
    real = [float(value) for value in values if isinstance(value, int | float)]
    return float(np.mean(real)) if real else None


def _real(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def as_json(record: msgspec.Struct) -> bytes:
    """A record as readable JSON."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
