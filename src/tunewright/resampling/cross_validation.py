"""Cross-validation as an objective: each fold of each repeat is a task of its own.

    cv = tw.CrossValidation(SVC(), X, y, cv=5, repeats=2, scoring="roc_auc")
    study = tw.Study(space, cv.metrics)
    study.optimize(cv, trials=100)

A task is one fit: the estimator takes the trial's parameters, learns from the training rows of `live.fold` in repeat `live.seed`, and
is judged on the test rows by every scorer, in one pass. Whatever learns stands inside the estimator (a pipeline), so it learns inside
the fold. Since folds are tasks, a scheduler may decide after each of them whether the configuration still matters (`Race`), and
workers share the folds of one configuration. With a `resource` configurations begin with few training rows, or trees, and the best get more (`ASHA`).

What each task tells: the optimised scores, and in its info the other scores, every score on the training rows ("train_<scorer>"),
"fit_seconds", "score_seconds", "warnings" (sentence -> how often) and, where predictions are kept, the name of their file.
"""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import TimeSeriesSplit, cross_validate
from sklearn.utils import _safe_indexing

from tunewright.analysis import Halved
from tunewright.catalog.own import heeded_names
from tunewright.errors import MetricError, StudyError
from tunewright.execution.live import LiveTrial
from tunewright.metric import Metric
from tunewright.resampling.ambient import Ambient
from tunewright.resampling.building import built, own_configuration
from tunewright.resampling.contents import fingerprint
from tunewright.resampling.copied import untold, warn_of_copies
from tunewright.resampling.curves import Curve, halved, learning, validation
from tunewright.resampling.draws import Drawn, constant, drawn_scores
from tunewright.resampling.inputs import (
    asked_by,
    by_row,
    for_rows,
    looks_like_classes,
    own_scorer,
    scorers_by_name,
    warn_of_leaks,
)
from tunewright.resampling.predictions import Kept
from tunewright.resampling.repeats import checked_repeats
from tunewright.resampling.resource import NOT_BOTH, Resource, part_of, resource_for
from tunewright.resampling.scoring import Answer
from tunewright.resampling.splits import Splits, check_complete, checked_lengths, rows_of
from tunewright.resampling.tested import Tested, judged_on
from tunewright.schedulers.asha import ASHA
from tunewright.schedulers.base import Scheduler
from tunewright.schedulers.once import Once
from tunewright.schedulers.race import Race
from tunewright.space import SearchSpace
from tunewright.typing import Array, Indices, Params, Value

__all__ = ["CrossValidation"]

_SAID: Final = 10
"""Different warnings of one fit that are kept."""


class CrossValidation:
    """An objective that cross-validates a scikit-learn estimator, a fold at a time.

    Args:
        estimator: with `fit` and `set_params`, which takes each trial's parameters (`svc__C` in a pipeline); or a function of the live
            trial that returns an estimator to be fitted, for spaces with branches.
        X, y: features and target; y None for estimators that need none.
        cv: number of folds (shuffled, and stratified for classifiers), any scikit-learn splitter, or pairs of (train, test) rows.
        scoring: name of a scorer, several names, a dictionary name -> scorer, or a function (estimator, X, y) -> float; default: the
            estimator's own. All are greater-is-better, as scikit-learn has it.
        repeats: how often the folds are drawn anew. Where the splitter makes the same ones each time a repeat is another seed of the estimator's
            chance; an estimator without any is refused.
        optimize: which of several scorers the study optimises; default: the first.
        groups: for the splitter, shape (rows,). Where folds divide rows that stand there several times a warning says so, once;
            `resampling.alike_rows(X)` are groups that hold them together.
        params: what `fit` and the scorers get by name, as `sklearn.model_selection.cross_validate(params=)`: arrays with one entry a
            row are divided like the rows, {"sample_weight": w}; with metadata routing they go where they are asked for.
        racing: whether the study's scheduler may end a configuration before its last fold (`Race`); default: where one score is
            optimised, there is more than one fold, and no `resource`.
        resource: what configurations begin with little of, and the best get more of: "n_samples", training rows of each fold, or a whole-number
            parameter of the estimator, such as "n_estimators", which then is not in the space. The scheduler is `ASHA`, with all folds on each rung.
            Default: every fit has everything.
        budgets: the least and the largest of it, whole numbers. Default for rows: a 27th (ten a class, and 200 or a third, at least) and all.
        predictions: folder for the out-of-fold predictions, a file a task; default: not kept.
        seed: of the folds, and of every `random_state` of the estimator that is None (to which the repeat is added, so that all
            configurations are compared under equal chance).

    Attributes:
        metrics: for the study.
        scheduler: for the study; taken by `Study.optimize` where the study was given none.
        splits: the frozen folds.

    Raises:
        DataError: the data or the splits cannot be used.
        StudyError: repeats (also such as would count one measurement several times), the estimator, `resource` or `budgets` cannot be used.
        MetricError: a scorer does not exist, or has a name under which each task tells something else ("train_<scorer>", "fit_seconds").
    """

    def __init__(
        self,
        estimator: Any,  # noqa: ANN401  scikit-learn ships no types
        X: Any,  # noqa: ANN401, N803
        y: Any = None,  # noqa: ANN401
        *,
        cv: Any = 5,  # noqa: ANN401
        scoring: Any = None,  # noqa: ANN401
        repeats: int = 1,
        optimize: str | Sequence[str] | None = None,
        groups: Any = None,  # noqa: ANN401
        params: Mapping[str, Any] | None = None,
        racing: bool | None = None,
        resource: str | None = None,
        budgets: Sequence[float] | None = None,
        predictions: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
            raise StudyError(f"repeats must be a whole number, 1 or more, got {repeats!r}.")
        if not callable(estimator) and not hasattr(estimator, "fit"):
            raise StudyError(f"The estimator must have `fit`, or be a function that makes one, got {estimator!r}.")
        self.estimator = estimator
        self.X, self.y, self.groups = X, y, groups
        self.params = dict(params or {})
        self.repeats, self.seed, self._budgets = repeats, seed, budgets
        checked_lengths(X=X, y=y, groups=groups, **for_rows(self.params, X))
        check_complete(y=y, groups=groups)
        self.classes = is_classifier(estimator) if hasattr(estimator, "fit") else looks_like_classes(y)
        self._classes = y if self.classes and np.ndim(y) == 1 else None
        warn_of_leaks(estimator, X)
        self.splits = Splits(cv, X, y, groups, classes=self.classes, seed=seed)
        self._told = warn_of_copies(X, y, self.splits.repeat(0), groups, classes=self.classes)
        self._copies = checked_repeats(estimator, self.splits, repeats)
        self.scorers = scorers_by_name(scoring, estimator, classes=self.classes)
        chosen = (
            (next(iter(self.scorers)),) if optimize is None else (optimize,) if isinstance(optimize, str) else tuple(optimize)
        )
        for name in chosen:
            if name not in self.scorers:
                raise MetricError(f'optimize names "{name}", but the scorers are {", ".join(self.scorers)}.')
        self.metrics = tuple(Metric(name, "maximize") for name in chosen)
        self.resource = self._resource(resource, budgets)
        self.scheduler = self._scheduler(racing)
        judged = () if self.resource is None else (self.resource.text,)
        whose = (
            "" if predictions is None else fingerprint(self.splits.fingerprint(repeats), estimator, X, y, self.params, *judged)
        )
        self.kept = None if predictions is None else Kept(predictions, whose)
        self._ambient = Ambient()

    def _resource(self, name: str | None, budgets: Sequence[float] | None) -> Resource | None:
        sizes = [len(fold.train) for fold in self.splits.repeat(0)]
        classes = 0 if name is None or self._classes is None else len(np.unique(np.asarray(self._classes)))
        return resource_for(self.estimator, name, budgets, sizes=sizes, classes=classes)

    def _scheduler(self, racing: bool | None) -> Scheduler:
        folds, what = self.splits.folds, self.resource
        if what is not None:
            if racing:
                raise StudyError(NOT_BOTH)
            return ASHA(what.low, what.high, folds=folds, seeds=self.repeats)
        if (len(self.metrics) == 1 and folds * self.repeats > 1) if racing is None else racing:
            return Race(folds, self.repeats, overlap=self.splits.ratio, confirm=5 if self.splits.fresh else 0)
        return Once(folds, self.repeats)

    @property
    def frozen(self) -> dict[str, Value]:
        """What stands in the study, and must be the same when it goes on: folds, repeats, rows, and fingerprints of splits and target."""
        return {
            "splits": self.splits.fingerprint(self.repeats),
            "folds": self.splits.folds,
            "repeats": self.repeats,
            "rows": rows_of(self.X),
            "target": "" if self.y is None else joblib.hash(np.asarray(self.y))[:16],
            "overlap": self.splits.ratio,
            **({} if self.resource is None else {"resource": self.resource.text}),
        }

    def default(self, space: SearchSpace) -> Params | None:
        """The estimator's own parameters, those that are active with its own values; of a value that the space does not hold, which is warned
        of, the space's default. None where a function makes the estimator, or a constraint forbids its values. Raises StudyError: the space
        searches what the budget counts.
        """
        if self.resource is not None:
            self.resource.check_free(list(heeded_names(self.estimator, space.parameters).values()))
        return own_configuration(self.estimator, space)

    def build(self, live: Mapping[str, Any], repeat: int = 0, budget: float | None = None) -> Any:  # noqa: ANN401
        """The estimator of a configuration, not fitted.

        Args:
            live: the parameters, also as `catalog.space_for` has them; a function that builds estimators gets them as they are.
            repeat: added to the seed of every `random_state` that is None.
            budget: of the `resource`, where that is a parameter; None: the largest.
        """
        more = {} if self.resource is None else self.resource.setting(budget)
        return built(self.estimator, live, seed=self.seed + repeat, more=more)

    def __call__(self, live: LiveTrial) -> dict[str, Any]:
        """Evaluate one task. Raises what scikit-learn raises: the trial is then recorded as failed."""
        fold, repeat = live.fold or 0, live.seed
        if live.budget is not None and self.resource is None and hasattr(self.estimator, "fit"):
            raise StudyError(
                f'The scheduler asks for a budget of {live.budget:g}, and this cross-validation has none. Say resource="n_samples" if it counts '
                "training rows; or leave the scheduler out: it brings its own, which saves folds."
            )
        whole = live.budget is None or self.resource is None or self.resource.amount(live.budget) >= self.resource.high
        rows = self._part(fold, repeat, live.budget)
        with self._ambient.restored():
            found, model = self.judged(self.build(live, repeat, live.budget), fold, repeat, rows)
            if whole and (self.kept is not None or self._copies.watched):
                test = _safe_indexing(self.X, self.splits.repeat(repeat)[fold].test)
                self._copies.met(live.params, fold, repeat, model, test)
                if self.kept is not None:
                    found["predictions"] = self.kept.write(live.params, fold, repeat, model, test)
        return found

    def _part(self, fold: int, repeat: int, budget: float | None) -> Indices | None:
        """The training rows that a budget allows; None: all of them."""
        if self.resource is None or not self.resource.of_rows or budget is None:
            return None
        train, timed = self.splits.repeat(repeat)[fold].train, isinstance(self.splits.cv, TimeSeriesSplit)
        return part_of(train, self._classes, self.resource.amount(budget), seed=(self.seed, repeat, fold), timed=timed)

    def judged(
        self,
        model: Any,  # noqa: ANN401
        fold: int,
        repeat: int,
        rows: Indices | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], Any]:
        """Fit an estimator on one fold, or on some `rows` of it, and score it: what the task tells, and the fitted estimator."""
        given = self.params if params is None else params
        train, test = self.splits.repeat(repeat)[fold]
        part = (train if rows is None else rows, test)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = cross_validate(
                model, self.X, self.y, cv=[part], scoring=self.scorers, params=given or None,
                return_train_score=True, return_estimator=True, error_score="raise",
            )  # fmt: skip
        found: dict[str, Any] = {}
        for name in self.scorers:
            found[name] = float(result[f"test_{name}"][0])
            found[f"train_{name}"] = float(result[f"train_{name}"][0])
        for metric in self.metrics:
            if not np.isfinite(found[metric.name]):
                raise ValueError(
                    f"{metric.name} is {found[metric.name]} on fold {fold}: it is not defined there (its test rows may all be of "
                    "one class, or the predictions are not finite). Use fewer folds, or another scorer."
                )
        found |= {"fit_seconds": float(result["fit_time"][0]), "score_seconds": float(result["score_time"][0])}
        said = Counter(f"{item.category.__name__}: {(str(item.message).splitlines() or [''])[0][:200]}" for item in caught)
        if said:
            found["warnings"] = dict(said.most_common(_SAID))
        return found, result["estimator"][0]

    def learning_curve(
        self, params: Params | None = None, sizes: Sequence[float] = (0.1, 0.325, 0.55, 0.775, 1.0), *, shuffle: bool = True
    ) -> Curve:
        """Training and validation scores over the number of training rows, on every fold of every repeat.

        Args:
            params: the configuration; default: the estimator as it was given.
            sizes: shares of the training rows of each fold (floats, up to 1.0), or numbers of rows (whole numbers).
            shuffle: draw the rows by chance; False: the last ones of each fold, as for rows in time.

        Raises:
            StudyError: the sizes mean nothing.
        """
        return learning(self, params or {}, sizes, shuffle=shuffle)

    def validation_curve(self, name: str, values: Sequence[Any], params: Params | None = None) -> Curve:
        """Training and validation scores over one hyperparameter, on every fold of every repeat.

        Args:
            name: of the hyperparameter, as the estimator has it.
            values: to try, in this order.
            params: all others; default: as the estimator was given.

        Raises:
            StudyError: the estimator has no such parameter, or there are no values.
        """
        return validation(self, name, values, params or {})

    def halved(self, configurations: Sequence[Params]) -> Halved:
        """The first metric of configurations on the folds of the first repeat, learned from half of each fold's training rows
        (`analysis.growth`). Raises StudyError: fewer rows than a fold has are the most that the study was judged by.
        """
        if self.resource is not None:
            self.resource.check_whole(max(len(fold.train) for fold in self.splits.repeat(0)))
        return halved(self, configurations)

    def baseline(self) -> dict[tuple[int, int], float]:
        """The first metric by (fold, repeat) of a model that does not look at the features; {} where there is no such model.

        It knows the training targets only: class shares for classifiers, the mean else.
        """
        if self.y is None:
            return {}
        name, plain = self.metrics[0].name, {name: self.params[name] for name in ("sample_weight",) if name in self.params}
        cells = [(fold, repeat) for repeat in range(self.repeats) for fold in range(self.splits.folds)]
        try:
            return {(fold, repeat): self.judged(self._dummy(), fold, repeat, params=plain)[0][name] for fold, repeat in cells}
        except (TypeError, ValueError):  # a scorer, or metadata, that the dummy cannot serve
            return {}

    def _dummy(self) -> Any:  # noqa: ANN401
        return DummyClassifier(strategy="prior") if self.classes else DummyRegressor()

    def subset(self, rows: Array) -> "CrossValidation":
        """The same on some of the rows, shape (k,): the inner search of a nested cross-validation.

        Raises:
            StudyError: the splits are ready-made, so there are none for other rows.
        """
        if self.splits.fixed:
            raise StudyError(
                "Ready-made splits cannot be made anew on part of the rows. Give cv= a splitter or a number of folds."
            )
        y, groups = (None if part is None else _safe_indexing(part, rows) for part in (self.y, self.groups))
        params = {name: _safe_indexing(part, rows) if by_row(part, self.X) else part for name, part in self.params.items()}
        left = None if self.resource is None else self.resource.for_rows(len(rows) / (1 + self.splits.ratio))
        with untold():
            return CrossValidation(
                self.estimator, _safe_indexing(self.X, rows), y, cv=self.splits.cv, scoring=self.scorers, repeats=self.repeats,
                optimize=[metric.name for metric in self.metrics], groups=groups, params=params, seed=self.seed,
                racing=isinstance(self.scheduler, Race), resource=left, budgets=None if left is None else self._budgets,
            )  # fmt: skip

    def outer(self, folds: int) -> "CrossValidation":
        """The same over other, outer folds, each of which is judged as a whole: what a nested cross-validation is judged on.

        Rows in time stay in their order, and groups are held together; all else is shuffled.
        """
        own = self.splits.cv
        cv = TimeSeriesSplit(folds, gap=own.gap, max_train_size=own.max_train_size) if isinstance(own, TimeSeriesSplit) else folds
        with untold(self._told):
            return CrossValidation(
                self.estimator, self.X, self.y, cv=cv, scoring=self.scorers, optimize=[metric.name for metric in self.metrics],
                groups=self.groups, params=self.params, racing=False, seed=self.seed + 1,
            )  # fmt: skip

    def score(self, params: Params, fold: int) -> float:
        """The first metric of a configuration on one fold."""
        return float(self.judged(self.build(params), fold, 0)[0][self.metrics[0].name])

    def tested(self, configurations: Sequence[Params], X: Any, y: Any) -> Tested:  # noqa: ANN401, N803
        """The first metric of configurations fitted to all rows, and of the baseline, on other rows (`tested.py`), whose weights are not known."""
        scorer = self.scorers[self.metrics[0].name]
        if unknown := sorted(asked_by(scorer, self.params)):
            said = f"The metric is not weighed by {', '.join(unknown)} on the test set: it is not known there, so each of its rows counts the same."
            warnings.warn(said, stacklevel=2)
        models = [self.build(params).fit(self.X, self.y, **self.params) for params in configurations]
        if self.y is not None:
            models.append(self._dummy().fit(self.X, self.y))
        return judged_on(models, scorer, X, y, seed=self.seed)

    def drawn(self, configurations: Sequence[Params]) -> tuple[list[int], Drawn] | None:
        """Scores of the out-of-fold predictions, the mean over the folds, on rows drawn with replacement; groups are drawn as a whole.

        Returns:
            Which of the configurations have predictions, and their scores (`draws.py`), the baseline's last; None where predictions were
            not kept, or the metric cannot be computed from them.
        """
        name = self.metrics[0].name
        if not own_scorer(name, self.scorers[name], self.y):
            return None
        found = [(i, answer) for i, params in enumerate(configurations) if (answer := self.answers(params)) is not None]
        if len(found) < 2:
            return None
        splits = self.splits.repeat(0)
        target = np.asarray(self.y)
        y = np.unique(target, return_inverse=True)[1].astype(np.float64) if self.classes else target.astype(np.float64)
        baseline, folds = constant(y, splits, classes=self.classes), np.full(len(y), -1)
        for number, (_, test) in enumerate(splits):
            folds[test] = number
        rows = np.flatnonzero(folds >= 0)  # those that are predicted: of rows in time, not the first
        units = np.arange(len(rows)) if self.groups is None else np.unique(np.asarray(self.groups)[rows], return_inverse=True)[1]
        answers = [*(answer for _, answer in found), baseline.of(rows)]
        return [i for i, _ in found], drawn_scores(name, y[rows], answers, units, folds[rows], seed=self.seed)

    def answers(self, params: Params) -> Answer | None:
        """The pooled out-of-fold predictions of a configuration, each predicted row once, in order; None where they are not all there."""
        if self.kept is None or not self.splits.once_each():
            return None
        return self.kept.pooled(params, self.splits.repeat(0), self.y if self.classes else None)

    def __repr__(self) -> str:
        return f"CrossValidation({self.estimator!r}, folds={self.splits.folds}, repeats={self.repeats})"
