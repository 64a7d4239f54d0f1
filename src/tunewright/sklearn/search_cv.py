"""A hyperparameter search as a scikit-learn estimator.

`SearchCV` is to `RandomizedSearchCV` what a study is to a loop: the candidates are proposed by a sampler that learns from those
before, each fold of each candidate is a task in a journal, and the winner is chosen among candidates with every fold. All that users
and other estimators see of a search is scikit-learn's own: it is a `BaseSearchCV`.
"""

import numbers
import time
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Literal

import joblib
import numpy as np
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.model_selection import TimeSeriesSplit, check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state, indexable
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_method_params

from tunewright.catalog import labelled, space_for
from tunewright.catalog.own import heeded, own_values
from tunewright.errors import ObjectiveError, SpaceError
from tunewright.events import Entry
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.resampling.building import configured
from tunewright.resampling.contents import fingerprint
from tunewright.resampling.copied import warn_of_copies
from tunewright.resampling.resource import NOT_BOTH, Resource, resource_for
from tunewright.samplers.base import Sampler
from tunewright.samplers.tpe import TPE
from tunewright.schedulers.asha import ASHA
from tunewright.schedulers.base import Scheduler
from tunewright.schedulers.once import Once
from tunewright.schedulers.race import Race
from tunewright.sklearn.callbacks import root_context
from tunewright.sklearn.distributions import Translation, translate
from tunewright.sklearn.folds import FoldObjective, Problem, evaluate_fold, name_of, names_of, shape_of, weights_of, with_budget
from tunewright.sklearn.results import check_failures, cv_results, judged_with, several
from tunewright.space import SearchSpace
from tunewright.study import Study

__all__ = ["SearchCV"]


class SearchCV(BaseSearchCV):  # type: ignore[misc]  # scikit-learn ships no types
    """Searches the hyperparameters of an estimator by cross-validation, and is then that estimator.

    It takes the arguments of `RandomizedSearchCV` and gives its attributes, so that the one may be replaced by the other. The first
    candidate is the estimator as it is set, where that lies in the space; the others are proposed by a sampler that learns.

    Args:
        estimator: what is tuned; a pipeline, if there is preprocessing.
        param_distributions: parameter -> list, SciPy distribution or Tunewright parameter ({}: the estimator as it is set); a list of
            such dictionaries; or a `SearchSpace`. Default: the catalogue's space for this estimator (`tunewright.catalog.space_for`).
        n_iter: how many candidates; default 10. Fewer where the space has no more.
        scoring, refit, cv, error_score, return_train_score, verbose: as for `RandomizedSearchCV`, with its defaults. With several
            metrics the one named by `refit` is searched for; where `refit` names none, all of them are, towards their Pareto front.
            After a failed fold (`error_score=nan`) a candidate gets no further fold; a score that is NaN or infinite stands as it is, and
            to the sampler that candidate has failed. So it is where the scorer raises: the fit counts, and its score is `error_score`.
            Scorers may have any name.
        n_jobs: processes at once; None: 1, or as `joblib.parallel_config` says; -1: one for each core.
        pre_dispatch: not used; each process is given one fold at a time.
        random_state: of the proposals; an int makes the search repeatable.
        sampler: who proposes. Default: `Auto()`; with a `random_state` `TPE()`, since `Auto` looks at the clock.
        racing: whether a candidate gets its next fold only while it can still become the best (`schedulers.Race`): less work for the
            same candidates, and NaN for the folds that were saved. Default: every candidate gets all folds. For one metric.
        resource: what candidates begin with little of, and the best get more of, as for `HalvingRandomSearchCV`: "n_samples", training rows
            of each fold (test rows stay whole), or a whole-number parameter of the estimator. The scheduler is `ASHA`, with all folds on each rung;
            scores in `cv_results_` are those of the largest resource that a candidate had, `cv_results_["n_resources"]`. Default: every fit
            has everything.
        min_resources, max_resources: the least and the largest of it. Default: of rows all and a 27th of them, at least ten for each class, and 200 if these
            are no more than a third; of a parameter the largest has to be said.
        factor: one in so many candidates gets so many times the resource.
        scheduler: who gets further folds, in place of `racing`; its folds must be those of `cv`.
        storage: a URL or path ("runs.db") under which the search can be resumed; None: memory. The study is named for the estimator
            and a fingerprint of data, folds and settings, so that a search is only ever resumed on what it was begun with.
        seconds: start no fold after so many; None: no limit.
        choices: steps to choose, when the catalogue's space is searched: `{"model": [SVC(), LogisticRegression()]}`; not beside
            distributions.

    Attributes:
        cv_results_, best_estimator_, best_params_, best_score_, best_index_, scorer_, n_splits_, refit_time_, multimetric_,
            classes_, n_features_in_, feature_names_in_: as of `RandomizedSearchCV`. `cv_results_["n_splits_run"]` says how many
            folds a candidate had; folds that were not run are NaN.
        study_: the `Study`, with every fold of every candidate; trial i is place i of `cv_results_`.

    Raises:
        SpaceError: (when fitted) there is no space, or something in it is no distribution.
        ValueError: (when fitted) all fits failed, or an argument cannot be used.
    """

    _parameter_constraints = {  # noqa: RUF012  scikit-learn's protocol
        **BaseSearchCV._parameter_constraints,  # noqa: SLF001  the same
        "param_distributions": [dict, list, tuple, SearchSpace, None],
        "n_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "sampler": [Sampler, None],
        "racing": ["boolean"],
        "resource": [str, None],
        "min_resources": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "max_resources": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "factor": [Interval(numbers.Real, 1, None, closed="neither")],
        "scheduler": [Scheduler, None],
        "seconds": [Interval(numbers.Real, 0, None, closed="neither"), None],
        "choices": [dict, None],
    }

    def __init__(
        self,
        estimator: Any,  # noqa: ANN401  scikit-learn ships no types
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | SearchSpace | None = None,
        *,
        n_iter: int = 10,
        scoring: Any = None,  # noqa: ANN401
        n_jobs: int | None = None,
        refit: Any = True,  # noqa: ANN401
        cv: Any = None,  # noqa: ANN401
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,  # noqa: ANN401
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
        sampler: Sampler | None = None,
        racing: bool = False,
        resource: str | None = None,
        min_resources: int | None = None,
        max_resources: int | None = None,
        factor: float = 3,
        scheduler: Scheduler | None = None,
        storage: Any = None,  # noqa: ANN401
        seconds: float | None = None,
        choices: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.random_state = random_state
        self.sampler = sampler
        self.racing = racing
        self.resource = resource
        self.min_resources = min_resources
        self.max_resources = max_resources
        self.factor = factor
        self.scheduler = scheduler
        self.storage = storage
        self.seconds = seconds
        self.choices = choices

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.transformer_tags = deepcopy(
            self.estimator.__sklearn_tags__().transformer_tags
        )  # it transforms where the estimator does
        return tags

    @_fit_context(prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, **params: Any) -> "SearchCV":  # noqa: ANN401
        """Search, and fit the best candidate to all rows.

        Args:
            X: features, shape (rows, features).
            y: target, shape (rows,) or (rows, outputs); None: there is none.
            params: for the estimator's `fit`, the splitter and the scorer; what has a value for each row is split with the rows.
        """
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        root = root_context(self, max_subtasks=1 + (self.refit is not False))
        heard = {"estimator": self, "X": X, "y": y, "metadata": weights_of(params)}
        root.call_on_fit_task_begin(**heard)
        splits = self._splits(X, y, routed.splitter.split)
        in_classes = is_classifier(self.estimator) and y is not None and np.ndim(y) == 1
        problem = Problem(
            estimator=clone(self.estimator),
            X=X,
            y=y,
            splits=splits,
            scorer=scorers,
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            train=self.return_train_score,
            error_score=self._error_score(),
            caller=self,
            resource=self._resource(splits, len(np.unique(y)) if in_classes else 0),
            classes=in_classes,
            timed=isinstance(self.cv, TimeSeriesSplit),
        )
        self.n_splits_ = len(problem.splits)
        translation = self._translation(problem)
        for params in translation.each():  # a parameter that the estimator does not have is told before any fit
            configured(self.estimator, clone(translation.settings(params), safe=False))
            if problem.resource is not None:
                problem.resource.check_free(heeded(self.estimator, translation.settings(params)))
        self.study_ = self._search(problem, translation, root)
        self._take_stock(problem, translation, scorers, refit_metric)
        if self.refit:
            self._refit(root, heard, routed.estimator.fit)
        root.call_on_fit_task_end(**heard)
        return self

    # ---- before the search -----------------------------------------------------------------------------------------------------

    def _splits(self, X: Any, y: Any, split_params: Mapping[str, Any]) -> list[tuple[Any, Any]]:  # noqa: ANN401
        splitter = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        promised = splitter.get_n_splits(X, y, **split_params)
        splits = list(splitter.split(X, y, **split_params))
        if not splits or len(splits) != promised:
            raise ValueError(
                f"cv.split and cv.get_n_splits return inconsistent results. Expected {promised} splits, got {len(splits)}."
            )
        warn_of_copies(X, y, splits, split_params.get("groups"), classes=is_classifier(self.estimator), search=True, stacklevel=5)
        return splits

    def _resource(self, splits: Sequence[tuple[Any, Any]], classes: int) -> Resource | None:
        if self.resource is not None and self.racing:
            raise ValueError(NOT_BOTH)
        least, most = self.min_resources, self.max_resources
        budgets = None if least is None and most is None else (least, most)
        sizes = [len(train) for train, _ in splits]
        return resource_for(self.estimator, self.resource, budgets, sizes=sizes, classes=classes)

    def _error_score(self) -> float | None:
        return None if isinstance(self.error_score, str) else float(self.error_score)

    def _translation(self, problem: Problem) -> Translation:
        given = self.param_distributions
        if self.choices and not isinstance(given, SearchSpace | None):
            raise SpaceError(
                "choices is for the catalogue's space, and param_distributions was given beside it. Leave one of them out: a step is "
                f"chosen in param_distributions as well, {{{next(iter(self.choices))!r}: [SVC(), LogisticRegression()]}}."
            )
        if given is None:
            space = space_for(problem.estimator, choices=self.choices, shape=shape_of(problem))
            space = space if problem.resource is None else problem.resource.left_out(space)
            return Translation(space, choices=labelled(self.choices))
        if isinstance(given, SearchSpace):
            return Translation(given, choices=labelled(self.choices))
        own = own_values(problem.estimator)
        return translate(given, own.values, own.unsaid)

    def _metrics(self, scorer: Any) -> list[Metric]:  # noqa: ANN401
        names = names_of(scorer)
        if names == ("score",):
            names = (name_of(self.scoring, self.estimator),)
        if isinstance(self.refit, str) and (self.refit in names or callable(self.scoring)):
            names = (self.refit,)
        return [Metric(name, "maximize") for name in names]

    def _scheduler(self, problem: Problem) -> Scheduler:
        folds = len(problem.splits)
        if self.scheduler is not None:
            if getattr(self.scheduler, "folds", folds) != folds:
                raise ValueError(f"{self.scheduler!r} hands out other folds than cv makes: there are folds 0 to {folds - 1}.")
            budgets = getattr(self.scheduler, "budgets", None)
            if problem.resource is not None and budgets is not None and budgets[-1] != problem.resource.high:
                raise ValueError(f"{self.scheduler!r} hands out up to {budgets[-1]}, and the search has {problem.resource.text}.")
            if problem.resource is None and budgets is not None:
                raise ValueError(
                    f'{self.scheduler!r} hands out budgets, and this search has none. Say resource="n_samples" if it counts rows.'
                )
            return self.scheduler
        if problem.resource is not None:
            return ASHA(problem.resource.low, problem.resource.high, self.factor, folds=folds)
        if not self.racing or folds == 1:
            return Once(folds=folds)
        overlap = float(np.mean([len(test) / len(train) for train, test in problem.splits]))
        return Race(folds=folds, overlap=overlap, confirm=0)  # every fold is met at most once: there are no fresh ones

    def _name(self, problem: Problem, translation: Translation) -> str:
        """Of the study in its storage: the same for the same search only."""
        data = (problem.X, problem.y, problem.splits, dict(problem.fit_params), dict(problem.score_params))
        space = (translation.space.to_json(), translation.labels, translation.choices)
        more = () if problem.resource is None else (problem.resource.text,)
        told = fingerprint(problem.estimator, *data, *space, problem.scorer, self.return_train_score, self.error_score, *more)
        return f"{type(self.estimator).__name__}-{told[:12]}"

    # ---- the search ------------------------------------------------------------------------------------------------------------

    def _search(self, problem: Problem, translation: Translation, root: Any) -> Study:  # noqa: ANN401
        folds = len(problem.splits)
        chance = check_random_state(0 if self.random_state is None and self.storage is not None else self.random_state)
        study = Study(
            translation.space,
            self._metrics(problem.scorer),
            sampler=TPE() if self.sampler is None and self.random_state is not None else self.sampler,
            scheduler=self._scheduler(problem),
            storage=self.storage,
            name="search" if self.storage is None else self._name(problem, translation),
            seed=int(chance.randint(np.iinfo(np.int32).max)),
        )
        if self.verbose > 0:
            candidates = int(min(self.n_iter, translation.space.size))
            whole = "" if problem.resource is None else f", on the least {problem.resource.name}"
            print(f"Fitting {folds} folds for each of {candidates} candidates, totalling {folds * candidates} fits{whole}")  # noqa: T201  as scikit-learn
        task = root.subcontext(task_name="search", max_subtasks=folds * self.n_iter, sequential_subtasks=False)
        task.call_on_fit_task_begin(estimator=self)
        contexts = [
            task.subcontext(task_name="candidate-split-evaluation", task_id=place) for place in range(folds * self.n_iter)
        ]
        objective = FoldObjective(problem, translation, [metric.name for metric in study.metrics], contexts)
        try:
            with warnings.catch_warnings():  # `check_failures` says it in the words of a search
                warnings.filterwarnings("ignore", "No trial completed", UserWarning)
                study.optimize(
                    objective,
                    trials=self.n_iter,
                    seconds=self.seconds,
                    workers=joblib.effective_n_jobs(self.n_jobs),
                    on_failure="raise" if self.error_score == "raise" else "record",
                    listeners=[_tell] if self.verbose > 1 else [],
                    progress=False,
                )
        except ObjectiveError as error:
            raise objective.raised or _as_it_was(problem, translation, study.history) or error from None
        task.call_on_fit_task_end(estimator=self)
        return study

    # ---- after the search ------------------------------------------------------------------------------------------------------

    def _take_stock(self, problem: Problem, translation: Translation, scorers: Any, refit_metric: Any) -> None:  # noqa: ANN401
        history = self.study_.history
        if not any(trial.measurements for trial in history.trials):
            raise ValueError(f"No fold was finished within {self.seconds:g} s. Allow more seconds.")
        check_failures(history, self._error_score())
        settings = [translation.settings(trial.params) for trial in history.trials]
        if problem.resource is not None:
            settings = [with_budget(problem, each, budget) for each, budget in zip(settings, judged_with(history), strict=True)]
        results = cv_results(history, settings, folds=self.n_splits_, train=self.return_train_score)
        if self.seconds is not None and not (results["n_splits_run"] == self.n_splits_).any():
            warnings.warn(
                f"No candidate had all {self.n_splits_} folds within {self.seconds:g} s: they are compared by the few that were run. "
                "Allow more seconds.",
                stacklevel=2,
            )
        single = self.scoring is None or isinstance(self.scoring, str)
        self.multimetric_ = several(history) if callable(self.scoring) else not single
        if self.multimetric_ and callable(self.scoring):
            names = {name.removeprefix("rank_test_") for name in results if name.startswith("rank_test_")}
            self._check_refit_for_multimetric(names)
            refit_metric = self.refit
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
            if not callable(self.refit):
                self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]
            self.best_params_ = results["params"][self.best_index_]
        self.scorer_ = getattr(scorers, "_scorers", scorers)
        self.cv_results_ = results

    def _refit(self, root: Any, heard: Mapping[str, Any], fit_params: Mapping[str, Any]) -> None:  # noqa: ANN401
        self.best_estimator_ = configured(self.estimator, clone(self.best_params_, safe=False))
        task = root.subcontext(task_name="refit-with-best-params")
        with task.propagate_callback_context(self.best_estimator_):
            task.call_on_fit_task_begin(**heard)
            start = time.time()
            self.best_estimator_.fit(heard["X"], *([] if heard["y"] is None else [heard["y"]]), **fit_params)
            self.refit_time_ = time.time() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_
        task.call_on_fit_task_end(**heard)


def _as_it_was(problem: Problem, translation: Translation, history: History) -> Exception | None:
    """What the estimator raised in another process, by fitting that fold once more; None: it does not raise here."""
    failed = next((done for trial in history.trials for done in trial.measurements if done.failure is not None), None)
    trial = next((trial for trial in history.trials if failed in trial.measurements), None)
    if failed is None or trial is None or failed.failure is None or failed.failure.kind != "exception":
        return None  # what killed a worker would kill this process
    try:
        evaluate_fold(problem, translation.settings(trial.params), failed.fold or 0, budget=failed.budget)
    except Exception as error:  # noqa: BLE001  whatever it is: that is what was asked for
        return error
    return None


def _tell(history: History, entry: Entry) -> None:
    """Say what came of a fold."""
    done = history.trial(entry.trial).measurements[-1]
    params = ", ".join(f"{name}={value}" for name, value in history.trial(entry.trial).params.items())
    came = (
        f"failed: {done.failure.message}"
        if done.failure is not None
        else ", ".join(f"{name}={value:.3f}" for name, value in (done.values or {}).items())
    )
    print(f"[candidate {entry.trial}, fold {done.fold}] {params}; {came}; {done.seconds:.1f} s")  # noqa: T201  verbose asks for it
