import math

import pytest

from tunewright.analysis.facts import HELD, ReportExtras, Rows, Score, held_note, held_trial, verdict
from tunewright.analysis.summary import Difference
from tunewright.space import Float, SearchSpace
from tunewright.study import Study

WINNER, DEFAULT, BASELINE = Score("tuned", 0.95, 0.92, 0.97), Score("default", 0.93, 0.9, 0.96), Score("baseline", 0.5, 0.5, 0.5)


def test_without_test_scores_there_is_no_verdict() -> None:
    assert verdict(ReportExtras(), 1.0) == ""


def test_overlapping_intervals_may_be_noise_and_separate_ones_are_not() -> None:
    said = verdict(ReportExtras(test=(WINNER, DEFAULT, BASELINE)), -1.0)

    assert "Beside the default the intervals overlap, 0.02 better: the difference may be noise." in said
    assert "Clearly better than the baseline, by 0.45: the intervals do not overlap." in said


def test_a_paired_difference_says_more_than_two_intervals() -> None:
    said = verdict(ReportExtras(test=(WINNER, DEFAULT), gain=Difference(0.02, 0.01, 0.03)), -1.0)

    assert said == "Better than the default by 0.020 (95 % interval 0.010 to 0.030)."


def test_a_given_sentence_stands() -> None:
    assert verdict(ReportExtras(test=(WINNER,), verdict="Take it."), -1.0) == "Take it."


@pytest.mark.parametrize(("sign", "word"), [(1.0, "worse"), (-1.0, "better")])
def test_which_way_is_better_decides_the_word(sign: float, word: str) -> None:
    assert word in verdict(ReportExtras(test=(WINNER, BASELINE)), sign)


def test_without_intervals_the_verdict_says_so() -> None:
    known = verdict(ReportExtras(test=(Score("tuned", 1.0, 0.9, 1.1), Score("default", 0.5))), -1.0)
    assert "0.5 better than the default (of which no interval is known)." in known
    assert "no intervals known" in verdict(ReportExtras(test=(Score("tuned", 1.0), Score("default", 0.5))), -1.0)
    assert math.isnan(Score("x", 1.0).low)


def test_rows_are_plain_text() -> None:
    assert Rows("families", ("name", "#best"), (("forest", "0.9"),)).rows[0][1] == "0.9"


def test_a_study_says_which_trial_the_model_file_holds_where_that_is_not_its_best() -> None:
    study = Study(SearchSpace({"x": Float(0, 1)}))
    study.optimize(lambda live: live["x"], trials=4)
    other = next(trial.number for trial in study.history.trials if trial.number != study.best.number)
    assert (held_trial(study.history), held_note(study.history)) == (None, "")

    study.comment(f"{HELD} (a model)", trial=study.best.number)
    assert (held_trial(study.history), held_note(study.history)) == (study.best.number, "")

    study.comment(f"{HELD} (another model, the default)", trial=other)
    assert held_trial(study.history) == other
    assert f"holds trial {other}" in held_note(study.history)
    assert f"not the best of the study, trial {study.best.number}" in held_note(study.history)


@pytest.mark.parametrize("text", [f"{HELD} (a model)", f"{HELD} no trial", f"{HELD}?"])
def test_what_a_person_says_of_the_model_file_names_no_trial(text: str) -> None:
    study = Study(SearchSpace({"x": Float(0, 1)}))
    study.optimize(lambda live: live["x"], trials=4)
    study.comment(f"{HELD} (a model)", trial=study.best.number)

    study.comment(text)
    study.comment(f"{HELD} no more", trial=(study.best.number + 1) % 4)

    assert (held_trial(study.history), held_note(study.history)) == (study.best.number, "")
