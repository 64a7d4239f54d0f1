import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import get_scorer
from sklearn.tree import DecisionTreeClassifier

from tunewright.errors import DataError
from tunewright.resampling.tested import Echo, judged_on

X, Y = load_breast_cancer(return_X_y=True)
MODELS = [DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X[:200], Y[:200]) for depth in (1, 4)]


@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
def test_scores_are_those_of_the_scorer_and_draws_lie_about_them(name: str) -> None:
    scorer = get_scorer(name)

    found = judged_on(MODELS, scorer, X[200:], Y[200:])

    assert found.scores == pytest.approx([scorer(model, X[200:], Y[200:]) for model in MODELS])
    assert found.drawn.mean(axis=1) == pytest.approx(found.scores, abs=6 * found.drawn.std(axis=1).max() / 300**0.5)


def test_a_scorer_of_ones_own_is_given_the_rows() -> None:
    def own(model, x, y):
        assert x.shape[1] == X.shape[1]
        return float((model.predict(x) == y).mean())

    assert judged_on(MODELS, own, X[200:], Y[200:]).drawn == pytest.approx(
        judged_on(MODELS, get_scorer("accuracy"), X[200:], Y[200:]).drawn
    )


def test_draws_without_a_class_are_left_out() -> None:
    y = np.zeros(12, int)
    y[0] = 1

    found = judged_on(MODELS, get_scorer("roc_auc"), X[:12], y)

    assert 0 < np.isfinite(found.drawn).all(axis=0).mean() < 1


def test_an_echo_repeats_and_else_is_its_model() -> None:
    echo = Echo(MODELS[1], X)

    assert (echo.predict([3, 1]) == MODELS[1].predict(X[[3, 1]])).all()
    assert echo.get_depth() == MODELS[1].get_depth()


def test_too_few_rows_say_nothing() -> None:
    with pytest.raises(DataError, match="Hold out more"):
        judged_on(MODELS, get_scorer("accuracy"), X[:9], Y[:9])


def test_labels_of_another_kind_are_no_wrong_answers() -> None:
    told = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X[:200], Y[:200].astype(str))

    for model, y, said in ((MODELS[0], Y[200:].astype(str), "text, .* numbers"), (told, Y[200:], "numbers, .* text")):
        with pytest.raises(DataError, match=f"its labels are {said}"):
            judged_on([model], get_scorer("accuracy"), X[200:], y)
    assert judged_on([told], get_scorer("accuracy"), X[200:], Y[200:].astype(object).astype(str)).scores[0] > 0.8
