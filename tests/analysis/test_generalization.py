from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import tunewright as tw
from tunewright.analysis import by_draws, by_folds, by_outer_folds, by_test, find_winner, generalization, nested, winner
from tunewright.errors import DataError, StudyError
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})


def judged(table: np.ndarray, goal: str = "minimize", name: str = "loss") -> tw.History:
    journal = Journal(SPACE, (Metric(name, goal),))
    for i, row in enumerate(table):
        trial = journal.ask({"x": 0.5 if i == 0 else i / 1000}, fold=0)
        journal.tell(trial, float(row[0]))
        for fold, value in enumerate(row[1:], 1):
            journal.tell(trial, float(value), index=journal.send(trial, fold=fold))
    return journal.history


def scores(better: float, seed: int = 0, n: int = 30) -> np.ndarray:
    """The default first; trial 3 is better by so much."""
    rng = np.random.default_rng(seed)
    table = 1 + 0.1 * rng.standard_normal(5) + 0.02 * rng.standard_normal((n, 5))
    table[3] -= better
    return table


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_a_clear_gain_is_recommended_with_its_probability(goal: str) -> None:
    sign = 1 if goal == "minimize" else -1
    found = by_folds(judged(sign * scores(0.2), goal), [sign * 2.0] * 5)

    assert found.recommended == "winner"
    assert found.gain.value == pytest.approx(0.2, abs=0.06)
    assert found.gain.low > 0
    assert found.probability > 0.99
    assert found.baseline.value == sign * 2.0
    assert "Better than the default with probability" in found.sentence


def test_what_the_winner_is_believed_to_be_worth_is_found_once_for_claim_and_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    history, asked = judged(scores(0.2)), []

    def believed(history: tw.History, trial: int) -> winner.Judged:
        asked.append(trial)
        return real(history, trial)

    real = winner.believed
    monkeypatch.setattr(winner, "believed", believed)
    monkeypatch.setattr(generalization, "believed", believed)
    found = by_folds(history)

    assert sorted(asked) == [0, 3]  # the default, and the winner
    assert found.winner.value == find_winner(history).value
    assert found.gain.value == pytest.approx(history.effects().values[0] - found.winner.value)


def test_chance_is_no_gain() -> None:
    """In 10 searches of nothing but chance, the mean gain claimed is a small part of the 0.02 that raw scores promise."""
    found = [by_folds(judged(scores(0.0, seed))) for seed in range(10)]
    raw = [each.default.value - each.raw for each in found]

    assert np.mean(raw) > 0.012
    assert np.mean([each.gain.value for each in found]) < np.mean(raw) / 2


def test_a_default_that_is_the_best_of_all_was_lucky_like_any_other() -> None:
    """Ten tables of chance whose best row is the default: its score is some 0.02 too good, as much as that of any other best one."""
    tables = [scores(0.0, seed) for seed in range(10)]
    for table in tables:
        best = table.mean(axis=1).argmin()
        table[[0, best]] = table[[best, 0]]
    found = [by_folds(judged(table)) for table in tables]

    for table, each in zip(tables, found, strict=True):
        said = find_winner(judged(table))
        assert (each.winner.value, each.winner.low, each.winner.high) == (said.value, said.low, said.high)
        assert each.default == each.winner
        assert (each.gain.value, each.probability, each.recommended) == (0.0, 0.5, "default")
        assert "is its score, the best of all compared" in each.sentence
    assert np.mean([each.winner.value - each.raw for each in found]) > 0.008


def test_the_draws_say_the_same_of_a_default_that_is_best() -> None:
    rng = np.random.default_rng(3)
    losses = 1 + rng.standard_normal((60, 40))
    losses = losses[losses.mean(axis=1).argsort()]
    weights = np.stack([np.bincount(rng.integers(40, size=40), minlength=40) for _ in range(300)]).astype(float)

    found = by_draws(
        judged(losses.mean(axis=1)[:, None] + np.zeros(5)), losses.mean(axis=1), losses @ weights.T / 40, best=0, default=0
    )

    assert found.default == found.winner
    assert found.winner.value > found.raw + 0.1
    assert (found.gain.value, found.recommended) == (0.0, "default")


def test_when_the_default_is_best_it_is_recommended() -> None:
    table = scores(0.0)
    table[0] -= 0.2
    found = by_folds(judged(table))

    assert found.recommended == "default"
    assert found.params == {"x": 0.5}
    assert "take the default" in found.sentence


@pytest.mark.parametrize(("default", "recommended"), [([1.02, 0.98, 1.03], "default"), ([1.10, 1.02, 1.12], "winner")])
def test_a_gain_that_is_mostly_luck_is_not_recommended(default: list[float], recommended: str) -> None:
    found = by_outer_folds(judged(scores(0.2)), np.array([1.0, 1.0, 1.0]), np.array(default))

    assert found.gain.value > 0
    assert found.recommended == recommended
    assert (found.probability < 0.7) == (recommended == "default")
    assert ("Less than 0.7 is mostly luck: take the default." in found.sentence) == (recommended == "default")
    assert found.params == ({"x": 0.5} if recommended == "default" else found.params)


def test_without_folds_there_is_a_value_and_no_interval() -> None:
    found = by_folds(judged(np.array([[1.0], [0.8]])))

    assert found.winner.value == 0.8
    assert np.isnan(found.winner.low)


def test_the_draws_take_the_luck_off() -> None:
    """60 configurations, all worth 1, on 40 rows; the best of them is lucky."""
    rng = np.random.default_rng(3)
    losses = 1 + rng.standard_normal((60, 40))
    weights = np.stack([np.bincount(rng.integers(40, size=40), minlength=40) for _ in range(300)]).astype(float)
    drawn = losses @ weights.T / 40
    history = judged(losses.mean(axis=1)[:, None] + np.zeros(5))
    best = history.best.number

    found = by_draws(history, losses.mean(axis=1), drawn, best=best, default=0)

    assert found.raw < 0.75
    assert abs(found.winner.value - 1) < abs(found.raw - 1) / 2
    assert found.winner.low < 1 < found.winner.high


def test_luck_is_taken_off_the_score_and_not_the_score_itself() -> None:
    """One configuration is far ahead in every draw, so it was not lucky; what its draws say of the level does not matter."""
    table = scores(0.5)
    level = table.mean(axis=1)
    drawn = level[:, None] + 1e3 + 0.01 * np.random.default_rng(0).standard_normal((30, 200))

    found = by_draws(judged(table), level, drawn, best=3, default=0, baseline=29)

    assert found.winner.value == pytest.approx(level[3])
    assert found.default.value == pytest.approx(level[0])
    assert found.baseline.value == pytest.approx(level[29])
    assert found.gain.value == pytest.approx(level[0] - level[3])
    assert found.probability == 1.0


def test_the_draws_promise_no_narrower_interval_than_the_folds() -> None:
    table = scores(0.2)
    level, folds = table.mean(axis=1), by_folds(judged(table))

    found = by_draws(judged(table), level, level[:, None] + 1e-3 * np.arange(5.0), best=3, default=0)

    assert found.winner.low <= folds.winner.low < folds.winner.high <= found.winner.high
    assert found.gain.low <= folds.gain.low < folds.gain.high <= found.gain.high


def searched(estimator: object, X: np.ndarray, y: np.ndarray, scoring: str, tmp_path: object, name: str) -> tw.Study:
    cv = tw.CrossValidation(estimator, X, y, cv=10, scoring=scoring, predictions=tmp_path, racing=False)
    study = tw.Study({name: tw.Float(1e-3, 1e3, log=True, default=1.0)}, cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=8)
    return study


def test_the_claimed_r2_of_small_folds_is_near_that_of_the_folds(tmp_path) -> None:
    """R² on the few rows of a fold that a draw leaves out is -40 and less."""
    X, y = load_diabetes(return_X_y=True)
    study = searched(Ridge(), X[:100], y[:100], "r2", tmp_path, "alpha")

    found, folds = study.generalization(), by_folds(study.history)

    assert found.method == "predictions"
    assert found.raw - 0.2 < found.winner.value <= found.raw + 1e-9
    assert found.winner.low <= folds.winner.value <= found.winner.high
    assert found.default.value == pytest.approx(folds.default.value)
    assert found.baseline.value < 0 < found.winner.value
    assert abs(found.gain.value) < 0.5


@pytest.mark.parametrize("scoring", ["f1", "recall", "precision"])
def test_the_claim_for_few_positives_is_near_that_of_the_folds(scoring: str, tmp_path) -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((200, 6))
    merit = X[:, 0] + 0.6 * X[:, 1] + 0.25 * rng.standard_normal(200)
    study = searched(LogisticRegression(), X, (merit > np.sort(merit)[-20]).astype(int), scoring, tmp_path, "C")

    found = study.generalization()

    assert found.method == "predictions"
    assert found.raw - 0.1 < found.winner.value <= found.raw + 1e-9
    assert found.baseline.value == 0


def test_where_predictions_have_no_score_the_folds_speak(tmp_path) -> None:
    """R² of a constant is not defined; scikit-learn calls it 0 or 1."""
    X, _ = load_diabetes(return_X_y=True)
    found = searched(Ridge(), X[:60], np.full(60, 0.1), "r2", tmp_path, "alpha").generalization()

    assert found.method == "folds"
    assert "–" not in found.sentence


def test_outer_folds_compare_in_pairs() -> None:
    history = judged(scores(0.2))

    found = by_outer_folds(history, np.array([0.8, 0.9, 0.7]), np.array([1.0, 1.1, 0.95]))

    assert found.winner.value == pytest.approx(0.8)
    assert found.gain.value == pytest.approx(0.2166, abs=1e-3)
    assert found.probability > 0.9


def test_a_study_finds_the_best_way_itself(tmp_path) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    cv = tw.CrossValidation(
        DecisionTreeClassifier(max_leaf_nodes=5),
        X[:200],
        y[:200],
        cv=3,
        scoring="accuracy",
        predictions=tmp_path,
        racing=False,
    )
    space = tw.SearchSpace({"min_samples_leaf": tw.Int(1, 40, default=1)})
    study = tw.Study(space, cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=6)

    drawn, folds = study.generalization(), by_folds(study.history)

    assert (drawn.method, folds.method) == ("predictions", "folds")
    assert drawn.winner.value == pytest.approx(folds.winner.value, abs=0.5)
    assert drawn.baseline.value < drawn.winner.value
    assert study.winner().trial.number == study.best.number


def test_nested_searches_are_studies_of_their_own_and_resume(tmp_path) -> None:
    cv = tw.CrossValidation(KNeighborsClassifier(), *load_iris(return_X_y=True), cv=3)
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    space = tw.SearchSpace({"n_neighbors": tw.Int(1, 40, default=5)})
    study = tw.Study(space, cv.metrics, storage=url, sampler=tw.samplers.Random())
    study.optimize(cv, trials=2)

    first, again = (study.generalization(outer=2, trials=2) for _ in range(2))

    assert first == again
    assert first.method == "nested"
    assert 0.8 < first.winner.value <= 1
    assert len(study.storage.studies()) == 3
    with pytest.raises(StudyError, match="CrossValidation"):
        study.generalization(lambda live: 1.0, outer=2)


def test_rows_that_nothing_has_looked_at_judge_winner_and_default() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    cv = tw.CrossValidation(DecisionTreeClassifier(max_leaf_nodes=2, random_state=0), X[:200], y[:200], cv=3, scoring="accuracy")
    study = tw.Study(tw.SearchSpace({"max_leaf_nodes": tw.Int(2, 40, default=2)}), cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=6)

    found = study.generalization(test=(X[200:], y[200:]))

    fitted = DecisionTreeClassifier(random_state=0, **study.best.params).fit(X[:200], y[:200])
    assert found.method == "test"
    assert found.winner.value == pytest.approx(fitted.score(X[200:], y[200:]))
    assert found.default.low < found.default.value < found.default.high <= 1
    assert found.gain.value == pytest.approx(found.winner.value - found.default.value)
    assert found.baseline.value == pytest.approx((y[200:] == round(y[:200].mean())).mean())
    with pytest.raises(StudyError, match="CrossValidation"):
        study.generalization(lambda live: 1.0, test=(X, y))


def test_what_nobody_can_tell_is_not_told() -> None:
    """Two folds that say exactly the same, and a test set on which nothing is wrong, are too little and no certainty."""
    found = by_outer_folds(judged(scores(0.2)), np.array([0.9, 1.0]), np.array([1.0, 1.1]))
    assert np.isnan(found.probability)
    assert "how much of it is luck cannot be told" in found.sentence
    assert "nan" not in found.sentence

    X, y = load_iris(return_X_y=True)
    easy = y < 2
    cv = tw.CrossValidation(KNeighborsClassifier(), X[easy], y[easy], cv=3, racing=False)
    study = tw.Study({"n_neighbors": tw.Int(1, 20, default=5)}, cv.metrics)
    study.optimize(cv, trials=5)
    worth = study.generalization(test=(X[easy], y[easy]))
    assert worth.winner.value == 1.0
    assert np.isnan(worth.winner.low)
    assert "1 to 1" not in worth.sentence


def test_the_interval_of_a_gain_ends_where_the_metric_does() -> None:
    """Of two outer folds a t distribution says an accuracy may rise by 5."""
    outer = np.array([0.9, 0.7]), np.array([0.4, 0.65])
    found = by_outer_folds(judged(scores(0.2) / 2, "maximize", "accuracy"), *outer)
    unknown = by_outer_folds(judged(scores(0.2) / 2, "maximize", "mine"), *outer)

    assert (found.gain.low, found.gain.high) == (-1.0, 1.0)
    assert "(−1.0 to 1.0) accuracy" in found.sentence
    assert unknown.gain.high > 1
    assert "±" in unknown.sentence


def test_clones_do_not_drown_the_noise() -> None:
    """A tree on iris whose depth matters no longer from 3 on: the gain is as sure as that of two configurations, fold by fold."""
    stump, tree, deep = (
        np.full(5, 2 / 3),
        np.array([0.967, 0.967, 0.867, 0.967, 0.9]),
        np.array([0.967, 0.967, 0.867, 0.933, 0.9]),
    )
    gains = tree - stump
    half = stats.t.ppf(0.975, 4) * gains.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4)

    found = by_folds(judged(np.stack([stump, tree, *[deep] * 27]), "maximize", "accuracy"))

    assert (found.gain.low, found.gain.high) == pytest.approx((gains.mean() - half, gains.mean() + half))
    assert found.probability > 0.99
    assert found.winner.low < tree.mean() < found.winner.high


def test_winner_and_default_are_compared_fold_by_fold_where_a_race_stopped_all_others() -> None:
    """It could not be told how much of the gain was luck, and the winner was recommended by its score alone."""
    table = np.full((4, 3), np.nan)
    table[:, 0] = [0.30, 0.20, 0.60, 0.70]
    table[0], table[1] = [0.30, 0.26, 0.25], [0.20, 0.25, 0.30]
    gains = table[0] - table[1]
    spread = gains.std(ddof=1) * np.sqrt(1 / 3 + 1 / 2)
    half = stats.t.ppf(0.975, 2) * spread

    found = by_folds(judged(table))

    assert (found.gain.low, found.gain.high) == pytest.approx((gains.mean() - half, gains.mean() + half))
    assert found.probability == pytest.approx(stats.t.cdf(gains.mean() / spread, 2))
    assert found.recommended == "default"
    assert "Less than 0.7 is mostly luck" in found.sentence


def test_two_folds_of_few_configurations_make_nothing_sure() -> None:
    """Three configurations on two folds: the noise has 2 degrees of freedom, whose quantile is 4.3 and not 1.96."""
    rng = np.random.default_rng(0)
    table = 1 + 0.02 * rng.standard_normal((3, 2)) - np.array([0.0, 0.05, 0.02])[:, None]
    found = by_folds(judged(table))
    shift = found.gain.value / ((found.gain.high - found.gain.low) / 2) * stats.t.ppf(0.975, 2)

    assert found.probability == pytest.approx(stats.t.cdf(shift, 2), abs=0.02)
    assert found.probability < stats.norm.cdf(shift)


def test_copies_of_a_configuration_make_nothing_surer() -> None:
    table = scores(0.02, n=8)
    once, copied = (by_folds(judged(np.concatenate([table, *[table[5:6]] * copies]))) for copies in (0, 40))

    assert copied.gain == once.gain
    assert (copied.winner, copied.probability) == (once.winner, once.probability)


def test_zero_has_no_sign() -> None:
    found = by_folds(judged(np.zeros((3, 5)), "maximize"), [0.0] * 5)

    assert "−0" not in found.sentence
    assert "0" in found.sentence


def test_it_prints_as_a_few_lines_of_text() -> None:
    found = by_folds(judged(scores(0.2)), [2.0] * 5)

    lines = repr(found).splitlines()

    assert lines[0] == "Expected loss on new data, by folds"
    assert [line.split()[0] for line in lines[1:5]] == ["winner", "default", "baseline", "gain"]
    assert lines[5:] == ["  take the winner: x 0.003", f"  {found.sentence}"]


def bred():
    """The best of three is a clone."""
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    for loss in (2.0, 3.0):
        journal.tell(journal.ask({"x": 0.5}, budget=1), loss)
    journal.tell(journal.clone(0, {"x": 0.25}, budget=2, since=1, replaces=1), 1.0)
    return journal.history


def test_what_is_said_of_a_clone_names_its_lineage_and_other_rows_are_refused():
    found = by_folds(bred())
    assert found.sentence.startswith("Trial 2 went on from trial 0 at budget 1: ")
    assert "study.lineage(2)" in found.sentence
    assert found.clone == 2
    assert "  take the winner: the schedule study.lineage(2)" in repr(found).splitlines()
    judge = SimpleNamespace(tested=None, outer=None)
    with pytest.raises(StudyError, match="fitted to other rows"):
        by_test(bred(), judge, None, None)
    with pytest.raises(StudyError, match="inside outer folds"):
        nested(bred(), judge, 3, lambda number, inner: {})


def worse_than_the_default(sampler: object) -> tuple[tw.Study, np.ndarray, np.ndarray]:
    """A study that only saw configurations worse than the default, which is not among them; and rows that it did not see."""
    X, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    cv = tw.CrossValidation(KNeighborsClassifier(), X[:300], y[:300], cv=5)
    study = tw.Study({"n_neighbors": tw.Int(1, 150, default=5)}, cv.metrics, sampler=sampler)
    for neighbours in (130, 125, 120):
        study.enqueue({"n_neighbors": neighbours})
    study.optimize(cv, trials=3)
    return study, X[300:], y[300:]


def test_a_default_that_the_study_did_not_try_is_recommended_where_it_is_better() -> None:
    study, X, y = worse_than_the_default(tw.samplers.Random())

    for found in (study.generalization(test=(X, y)), study.generalization(outer=3)):
        assert found.gain.value < 0
        assert (found.recommended, found.params) == ("default", {"n_neighbors": 5})
        assert found.sentence.count("take the default") == 1


def test_what_somebody_enqueued_is_searched_inside_outer_folds_too() -> None:
    study, *_ = worse_than_the_default(tw.samplers.Manual())

    found = study.generalization(outer=3)

    inner = tw.Study.load(study.storage, "study, outer fold 0 of 3").history.trials
    assert [trial.params["n_neighbors"] for trial in inner] == [130, 125, 120]
    assert found.winner.value < found.default.value


def test_a_nested_search_after_an_edit_is_another_one() -> None:
    cv = tw.CrossValidation(KNeighborsClassifier(), *load_iris(return_X_y=True), cv=3)
    study = tw.Study({"n_neighbors": tw.Int(1, 40)}, cv.metrics, sampler=tw.samplers.Random())
    study.optimize(cv, trials=2)
    study.generalization(outer=2, trials=2)
    study.edit({"n_neighbors": tw.Int(1, 10)})
    study.optimize(cv, more=2)

    found = [study.generalization(outer=2, trials=2) for _ in range(2)]

    assert found[0] == found[1]
    assert [record.name for record in study.storage.studies()][1:] == [
        "study, outer fold 0 of 2", "study, outer fold 1 of 2", "study, outer fold 0 of 2 (2)", "study, outer fold 1 of 2 (2)",
    ]  # fmt: skip


class Shy(DecisionTreeClassifier):
    """A tree that cannot have its default depth."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Shy":
        if self.max_depth == 4:
            raise ValueError("depth 4 is not possible")
        super().fit(X, y)
        return self


def test_a_default_that_cannot_be_fitted_costs_the_comparison_and_nothing_else() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    cv = tw.CrossValidation(Shy(random_state=0), X[:240], y[:240], cv=4)
    study = tw.Study({"max_depth": tw.Int(1, 8, default=4)}, cv.metrics, seed=0)
    study.optimize(cv, trials=4)

    for found in (study.generalization(outer=2), study.generalization(test=(X[240:], y[240:]))):
        assert found.default is found.gain is None
        assert found.recommended == "winner"
        assert 0.8 < found.winner.value <= 1
        assert "There is no comparison with the default: it cannot be judged on" in found.sentence
        assert "depth 4 is not possible" in found.sentence


def test_a_test_set_that_does_not_fit_is_told_so() -> None:
    study, X, y = worse_than_the_default(tw.samplers.Random())

    for test, said in (((X[:, :3], y), "features"), ((X, y.astype(str)), "label")):
        with pytest.raises(DataError, match=rf"The test set cannot be judged: .*{said}.*[^.]\. It needs the columns"):
            study.generalization(test=test)
    with pytest.raises(StudyError, match=r"test must be a pair \(X, y\)"):
        study.generalization(test=X)
    with pytest.raises(StudyError, match="outer must be a whole number, 2 or more, got 'x'"):
        study.generalization(outer="x")


class Mute(DecisionTreeClassifier):
    """A tree that is fitted with its default depth, and then cannot answer."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        if self.max_depth == 4:
            raise ValueError("nothing comes to mind")
        answers: np.ndarray = super().predict(X)
        return answers


def wordless(model: DecisionTreeClassifier, X: np.ndarray, y: np.ndarray) -> float:
    return float("nan") if getattr(model, "max_depth", 0) == 4 else float(model.score(X, y))


@pytest.mark.parametrize(
    ("model", "scoring", "why"),
    [(Mute, "accuracy", "ValueError: nothing comes to mind"), (DecisionTreeClassifier, wordless, "its score is nan")],
)
def test_a_default_that_cannot_be_judged_costs_the_comparison_and_nothing_else(model: type, scoring: object, why: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    cv = tw.CrossValidation(model(random_state=0), X[:240], y[:240], cv=4, scoring=scoring)
    study = tw.Study({"max_depth": tw.Int(1, 8, default=4)}, cv.metrics, seed=0)
    study.optimize(cv, trials=4)

    found = study.generalization(test=(X[240:], y[240:]))

    assert found.default is found.gain is None
    assert found.recommended == "winner"
    assert found.winner.low < found.winner.value < found.winner.high
    assert "There is no comparison with the default: it cannot be judged on the test set" in found.sentence
    assert why in found.sentence
