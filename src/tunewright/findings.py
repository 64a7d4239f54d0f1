"""What a study has found: the questions that its history alone answers.

`Study` is one of these, and so is whatever else holds a history. The answers are computed in `analysis`; here they get their names.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import msgspec

from tunewright import analysis
from tunewright.arguments import count_of
from tunewright.arithmetic import as_usual
from tunewright.errors import StudyError
from tunewright.extras import require
from tunewright.history import History
from tunewright.space import Float, Int
from tunewright.trial import Trial
from tunewright.typing import Params

__all__ = ["Findings"]


class Findings(ABC):
    """Answers from a history. They do not hang on what `np.seterr` says.

    What fits the user's estimators leaves them the user's settings.
    """

    _objective: object = None
    """What was optimised last."""

    @property
    @abstractmethod
    def history(self) -> History:
        """All that happened, up to now."""

    @as_usual
    def _repr_html_(self) -> str:
        """A card for notebooks: counts, the best, how the search went (`analysis.card`)."""
        return analysis.card(self.history, f"Study {name!r}" if isinstance(name := getattr(self, "name", None), str) else "Study")

    @property
    @as_usual
    def best(self) -> Trial:
        """The best trial so far; if it has a `parent`, the best schedule is its `lineage`. Raises NoResult if there is none, or several metrics
        are optimised.
        """
        return self.history.best

    def lineage(self, trial: int | None = None) -> analysis.Lineage:
        """By which hyperparameters the model of a trial was trained, from the first epoch on: of a clone, its ancestors' stretches first.

        What `PBT` finds is this schedule, and not the configuration of the best trial alone.

        Args:
            trial: its number; default: the best.

        Returns:
            Stretches of the budget, each with its trial and params, in their order.

        Raises:
            NoResult: no trial is named, and there is no best.
            TrialError: there is no such trial.
        """
        return analysis.lineage(self.history, trial)

    @as_usual
    def winner(self) -> analysis.Winner:
        """The best trial, with what it may claim: its expected worth with a 95 % interval, how often it was measured, and its raw score.

        Raises:
            NoResult: there is none, or several metrics are optimised.
        """
        return analysis.find_winner(self.history)

    @property
    @as_usual
    def trials(self) -> Any:  # noqa: ANN401  pandas is optional
        """All trials as a pandas DataFrame, a row each (see `analysis.table.records`). Raises ExtraMissing without pandas."""
        return require("pandas", extra="tune").DataFrame(analysis.records(self.history))

    @as_usual
    def importance(
        self,
        method: Literal["fanova", "ped-anova", "sobol", "shapley"] = "fanova",
        of: str | float = "all",
        *,
        metric: str | None = None,
        seed: int = 0,
    ) -> analysis.Importance:
        """Which hyperparameters mattered, with intervals.

        Args:
            method: "fanova": shares of the variance, alone and in pairs, by a random forest. "ped-anova": what sets the best tenth
                apart; takes milliseconds. "sobol": shares alone and in any company, by a Gaussian process. "shapley": the whole
                shared out, and what two or three do only together; up to 12 parameters.
            of: "all", or "top 10 %": what matters among good configurations.
            metric: by name; default: the first that is optimised.
            seed: of the bootstrap and the forest.

        Raises:
            StudyError: there is no such method or metric, or `of` means nothing.
        """
        return analysis.importance(self.history, method, of, metric=metric, seed=seed)

    @as_usual
    def effects(self, *names: str, metric: str | None = None, seed: int = 0) -> analysis.Effects:
        """How the metric goes with each parameter, all others averaged out, with bands; with two names, with both together.

        Raises:
            StudyError: there is no such parameter or metric, or more than two are named.
        """
        return analysis.effects(self.history, *names, metric=metric, seed=seed)

    @as_usual
    def tunability(self, *, metric: str | None = None, seed: int = 0) -> analysis.Tunability:
        """What tuning is worth beyond the defaults: each parameter alone, pairs, the path from the default to the winner, and which
        parameters can stay at their default. By a Gaussian process, with intervals; arguments as for `importance`.
        """
        return analysis.tunability(self.history, metric=metric, seed=seed)

    @as_usual
    def health(self) -> analysis.Health:
        """What may be wrong with the study, in plain words, each with its figure and the mend."""
        return analysis.health(self.history)

    @as_usual
    def value_of_continuing(self, trials: int = 20, *, metric: str | None = None, seed: int = 0) -> analysis.Prospect:
        """What so many more trials would gain in one metric (default: the first that is optimised), and whether stopping is advised.
        Nothing stops by itself.

        Raises:
            StudyError: trials is no whole number of at least 1, or there is no such metric.
        """
        return analysis.prospect(self.history, count_of(trials, "trials", 1), metric=metric, seed=seed)

    @as_usual
    def refine(self, keep: float = 0.9, *, freeze: bool = False) -> analysis.Refinement:
        """Propose the space of the next round. Read it, then say `study.edit(proposal.space)`.

        Args:
            keep: the share of the best tenth of the space to keep inside the new ranges; less makes them narrower.
            freeze: fix the parameters that make no difference; trials with other values then no longer count as tried, so of numbers
                often the best alone. How many that costs is said.

        Raises:
            StudyError: keep is no share.
        """
        return analysis.refine(self.history, keep, freeze=freeze)

    def sensitivity(
        self, *, evaluate: Callable[..., Any] | None = None, around: int = 8, step: float = 0.05, workers: int = 1, seed: int = 0
    ) -> analysis.Sensitivity:
        """How firmly the winner stands: its spread over seeds and folds, what small changes of each hyperparameter cost, and a warning
        where the gain over the default is within the noise (`analysis.sensitivity`).

        Args:
            evaluate: the objective, to measure neighbours of the winner. Default: they are left to the model, and to what was tried.
            around: so many neighbours are then tried, as further trials of the study on every fold and seed: those that should cost
                most, and those of which nothing is expected, first. Those that were tried before are not tried again.
            step: by which share of its range each number is moved.
            workers: that evaluate.
            seed: of the draws from the model.

        Raises:
            StudyError: an argument is out of its range, or there is nothing that could evaluate.
        """
        around = count_of(around, "around")
        find = as_usual(analysis.sensitivity)
        found = find(self.history, step=step, seed=seed)
        if evaluate is None or found.trial < 0:
            return found
        wanted = [each.params for each in found.changes if each.measured is None and not each.failed]
        self._measure(evaluate, wanted[:around], f"around trial {found.trial}", workers)
        return find(self.history, trial=found.trial, step=step, seed=seed)

    def _measure(self, objective: Callable[..., Any], configurations: list[Params], note: str, workers: int) -> None:  # noqa: ARG002
        raise StudyError("This holds a history alone, and nothing that could evaluate. Ask the study.")

    def generalization(
        self, objective: Callable[..., Any] | None = None, *, test: tuple[Any, Any] | None = None, outer: int | None = None,
        all_rows: bool = False, trials: int | None = None, workers: int = 1,
    ) -> analysis.Generalization:  # fmt: skip
        """What the result is worth on new data, beside the default and a baseline, with a sentence (`analysis.generalization`).

        Args:
            objective: the study's `CrossValidation`, for its kept predictions, if any; default: what this process optimised last.
            test: rows (X, y) that nothing has looked at; winner and default are fitted to all others and judged there.
            outer: search anew inside so many outer folds (nested cross-validation), each a study in the same storage, so that it resumes.
            all_rows: say it for a model that learns from all rows, as the one that is shipped, not from a fold's share of them. Winner and
                default are fitted once more on each fold, to half of its training rows (`analysis.growth`).
            trials: of each inner search; default: as many as this study finished.
            workers: of the inner searches.

        Raises:
            NoResult: there is no winner.
            StudyError: `outer`, `test` or `all_rows` without a cross-validation; `all_rows` with one of the others.
        """
        judge = self._objective if objective is None else objective
        if all_rows and (test is not None or outer is not None):
            raise StudyError("all_rows=True is about the scores on the study's own folds: leave out test= and outer=.")
        if test is not None:
            if not isinstance(test, tuple | list) or len(test) != 2:
                raise StudyError(f"test must be a pair (X, y) of rows and their target, got {type(test).__name__}.")
            return analysis.by_test(self.history, judge, *test)
        if outer is None:
            found = as_usual(analysis.by_objective)(self.history, judge)
            return analysis.grown(found, self.history, judge) if all_rows else found
        count, outer = self.history.finished if trials is None else trials, count_of(outer, "outer", 2)

        def search(number: int, inner: Any) -> Params:  # noqa: ANN401  a cross-validation
            return self._search_anew(f"outer fold {number} of {outer}", inner, count, workers)

        return analysis.nested(self.history, judge, outer, search)

    def _search_anew(self, name: str, objective: Callable[..., Any], trials: int, workers: int) -> Params:  # noqa: ARG002
        raise StudyError("Searching anew takes a study.")

    @as_usual
    def overfitting(self, name: str = "") -> analysis.Overfitting:
        """Training beside validation scores: the gap, its trend along each hyperparameter, and a plain sentence.

        Args:
            name: of the training score in what the objective returns; default: train_<metric>, train_score or train.
        """
        return analysis.overfitting(self.history, name)

    def learning_curve(
        self,
        cv: Any,  # noqa: ANN401
        params: Params | None = None,
        sizes: Sequence[float] = (0.1, 0.325, 0.55, 0.775, 1.0),
    ) -> Any:  # noqa: ANN401
        """Training and validation scores over the number of training rows: would more data help?

        Args:
            cv: the study's `CrossValidation`.
            params: the configuration; default: the winner's.
            sizes: of the training set, as for `CrossValidation.learning_curve`.

        Returns:
            A `resampling.curves.Curve`.

        Raises:
            NoResult: there is no winner.
            StudyError: cv is no cross-validation, or the sizes mean nothing.
        """
        return _curves(cv).learning_curve(self.best.params if params is None else params, sizes)

    def validation_curve(self, cv: Any, name: str, values: Sequence[Any] | None = None) -> Any:  # noqa: ANN401
        """Training and validation scores over one hyperparameter, all others as the winner has them.

        Args:
            cv: the study's `CrossValidation`.
            name: of the hyperparameter.
            values: to try; default: up to 7 over its range, evenly on its scale.

        Returns:
            A `resampling.curves.Curve`.

        Raises:
            NoResult: there is no winner.
            StudyError: cv is no cross-validation, or there is no such hyperparameter.
        """
        space = self.history.space
        curve = _curves(cv).validation_curve(
            name, analysis.over_range(space, name) if values is None else values, self.best.params
        )
        parameter = space.parameters.get(name)
        if not isinstance(parameter, Float | Int):
            return curve
        return msgspec.structs.replace(curve, bounds=(float(parameter.low), float(parameter.high)))

    @as_usual
    def report(self, path: str | PathLike[str] = "report.html", *, title: str | None = None) -> Path:
        """Write one self-contained page: what came out, what mattered, what ails the study, what to do next, how it was searched.

        Args:
            path: where to; what is there is replaced.
            title: of the page; default: the study's name.

        Returns:
            The path.
        """
        target = Path(path)
        target.write_text(
            analysis.page(self.history, str(getattr(self, "name", "Study")) if title is None else title), encoding="utf-8"
        )
        return target


def _curves(cv: Any) -> Any:  # noqa: ANN401
    if not hasattr(cv, "learning_curve"):
        raise StudyError(f"A curve fits an estimator on rows, so it needs the study's CrossValidation, got {cv!r}.")
    return cv
