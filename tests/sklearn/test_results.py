import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning

from tunewright.metric import Metric
from tunewright.schedulers import ASHA, Once
from tunewright.sklearn.results import check_failures, cv_results
from tunewright.space import Categorical, Float, SearchSpace
from tunewright.study import Study

NAN = np.nan


def study(*candidates: list[float | None | str]) -> Study:
    """A study over two folds: a number is a score, None is not run, a text is a failure."""
    made = Study(SearchSpace({"x": Float(0, 1)}), Metric("score", "maximize"), scheduler=Once(folds=2))
    for scores in candidates:
        made.enqueue({"x": len(made.history) / 10})
        sent = [made.ask()]
        for fold, score in enumerate(scores):
            if score is None:
                break
            task = sent.pop() if sent else made.ask()
            assert task.fold == fold
            if isinstance(score, str):
                made.tell(task, ValueError(score))
            else:
                made.tell(task, {"score": score, "test_score": score, "train_score": 1.0, "fit_time": 0.5, "score_time": 0.25})
    return made


def table(made: Study, **more):
    settings = [{"x": trial.params["x"]} for trial in made.history.trials]
    return cv_results(made.history, settings, folds=2, train=False, **more)


def test_whole_candidates_rank_by_their_mean() -> None:
    found = table(study([0.5, 0.7], [0.9, 0.7], [0.7, 0.5]))

    assert found["split0_test_score"].tolist() == [0.5, 0.9, 0.7]
    assert found["mean_test_score"] == pytest.approx([0.6, 0.8, 0.6])
    assert found["std_test_score"] == pytest.approx([0.1, 0.1, 0.1])
    assert found["rank_test_score"].tolist() == [2, 1, 2]
    assert found["mean_fit_time"].tolist() == [0.5] * 3
    assert found["param_x"].tolist() == [0.0, 0.1, 0.2]
    assert not any("train" in name for name in found)


def test_a_fold_that_was_not_run_is_nan_and_cannot_win() -> None:
    found = table(study([0.5, 0.7], [0.99, None]))

    assert found["split1_test_score"].tolist() == pytest.approx([0.7, NAN], nan_ok=True)
    assert found["mean_test_score"].tolist() == pytest.approx([0.6, 0.99])
    assert found["rank_test_score"].tolist() == [1, 2]
    assert found["n_splits_run"].tolist() == [2, 1]


def test_a_candidate_of_which_a_fold_failed_has_no_mean_and_ranks_last() -> None:
    made = study([0.9, "broken"], [0.5, 0.5], ["broken"])
    found = table(made)

    assert found["mean_test_score"].tolist() == pytest.approx([NAN, 0.5, NAN], nan_ok=True)
    assert found["rank_test_score"].tolist() == [2, 1, 2]
    assert found["split0_test_score"][0] == 0.9
    with pytest.warns(FitFailedWarning, match=r"(?s)2 of 5 fits failed.*broken"):
        check_failures(made.history, None)


def test_a_search_in_which_nothing_worked_says_why() -> None:
    made = study(["first"], ["second"])

    assert table(made)["rank_test_score"].tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"(?s)All the 2 fits failed, the first with ValueError: first\n.*error_score='raise'"):
        check_failures(made.history, None)


def test_a_parameter_is_masked_where_it_was_not_set() -> None:
    made = study([1.0, 1.0], [1.0, 1.0])

    found = cv_results(made.history, [{"a": (1, 2), "b": 3}, {"a": None}], folds=2, train=False)

    assert found["param_a"].data.tolist() == [(1, 2), None]
    assert found["param_a"].mask.tolist() == [False, False]
    assert found["param_b"].mask.tolist() == [False, True]
    assert found["param_b"].dtype == np.dtype(int)
    assert found["params"] == [{"a": (1, 2), "b": 3}, {"a": None}]


def test_the_score_of_a_failure_stands_for_every_score_that_a_function_names() -> None:
    made = Study(SearchSpace({"x": Categorical([0, 1])}), Metric("a", "maximize"), scheduler=Once(folds=1))
    made.tell(made.ask(), {"a": 0.5, "test_a": 0.5, "test_b": 0.25, "fit_time": 1, "score_time": 1, "fit_error": ""})
    made.tell(made.ask(), {"a": -1, "test_score": -1, "fit_time": 1, "score_time": 1, "fit_error": "Traceback: it broke"})

    found = cv_results(made.history, [{}, {}], folds=1, train=False)

    assert found["split0_test_a"].tolist() == [0.5, -1]
    assert found["split0_test_b"].tolist() == [0.25, -1]
    assert "mean_test_score" not in found
    with pytest.warns(
        FitFailedWarning, match=r"1 of 2 fits failed, the first with (?s:.*)it broke\nTheir candidates have the score -1.0"
    ):
        check_failures(made.history, -1.0)


def rung(made: Study, *scores: float | str) -> None:
    """The next tasks of a study are told these scores."""
    for score in scores:
        task = made.ask()
        told = {"score": score, "test_score": score, "fit_time": 0.5, "score_time": 0.25}
        made.tell(task, ValueError(score) if isinstance(score, str) else told)


def test_scores_are_those_of_the_largest_resource_with_which_all_folds_were_met() -> None:
    made = Study(SearchSpace({"x": Float(0, 1)}), Metric("score", "maximize"), scheduler=ASHA(10, 30, folds=2), seed=0)
    rung(made, 0.5, 0.7)  # the default, with 10
    rung(made, 0.6, 0.6)  # and with 30
    rung(made, 0.8, 0.8, 0.7, 0.75)  # two others, with 10
    rung(made, 0.99)  # the better of them, with 30: one fold of two

    found = table(made)

    assert found["n_resources"].tolist() == [30, 10, 10]
    assert found["mean_test_score"] == pytest.approx([0.6, 0.8, 0.725])
    assert found["rank_test_score"].tolist() == [1, 2, 3]  # more of the resource first, whatever the score
    rung(made, 0.97)
    found = table(made)
    assert found["n_resources"].tolist() == [30, 30, 10]
    assert found["mean_test_score"] == pytest.approx([0.6, 0.98, 0.725])
    assert found["rank_test_score"].tolist() == [2, 1, 3]


def test_a_candidate_that_fails_with_more_of_the_resource_ranks_last() -> None:
    made = Study(SearchSpace({"x": Float(0, 1)}), Metric("score", "maximize"), scheduler=ASHA(10, 30, folds=2), seed=0)
    rung(made, 0.5, 0.7, 0.6, 0.6, 0.8, 0.8, 0.7, 0.75, "broken")

    found = table(made)

    assert np.isnan(found["mean_test_score"]).tolist() == [False, True, False]
    assert found["rank_test_score"].tolist() == [1, 3, 2]


def test_the_error_comes_first_and_frames_of_the_search_are_left_out() -> None:
    text = """Traceback (most recent call last):
  File "xgboost/data.py", line 4, in info
    mapper[name]
KeyError: 'category'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/lib/tunewright/sklearn/folds.py", line 2, in evaluate_fold
    model.fit(X, y)
    ^^^^^^^^^^^^^^^
  File "xgboost/core.py", line 7, in inner_f
    raise ValueError(msg)
ValueError: categories need a flag.
Columns: c"""
    made = Study(SearchSpace({"x": Categorical([0])}), Metric("score", "maximize"), scheduler=Once(folds=1))
    made.tell(made.ask(), {"score": -1, "test_score": -1, "fit_time": 1, "score_time": 1, "fit_error": text})

    with pytest.raises(ValueError, match="All the 1 fits failed") as caught:
        check_failures(made.history, -1.0)

    said = str(caught.value).splitlines()
    assert said[0] == "All the 1 fits failed, the first with ValueError: categories need a flag."
    assert "folds.py" not in str(caught.value)
    assert "model.fit(X, y)" not in str(caught.value)
    assert said[-4:] == [
        '  File "xgboost/core.py", line 7, in inner_f', "    raise ValueError(msg)", "ValueError: categories need a flag.", "Columns: c"
    ]  # fmt: skip
