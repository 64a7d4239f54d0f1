import pytest

from tunewright import plots
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.plots.picture import Line, Points
from tunewright.space import Float, SearchSpace
from tunewright.testing.journal import Journal

SPACE = SearchSpace({"x": Float(0, 1)})
TWO = (Metric("loss"), Metric("time"))


def points(picture):
    return {mark.look: mark for mark in picture.panels[0].marks if isinstance(mark, Points)}


def test_every_study_has_its_folds_or_a_sentence(case):
    picture = plots.folds(case, backend="data")

    assert picture.panels[0].marks or picture.panels[0].note.endswith(".")


def test_the_trials_that_none_beats_are_ringed(history_of):
    history = history_of(SPACE, [1.0, 2.0, 3.0], TWO)  # time = 10 - loss: none beats another

    assert points(plots.pareto(history, backend="data"))["best"].x.tolist() == [1.0, 2.0, 3.0]


def test_several_studies_share_the_axes_of_a_trade_off(history_of):
    picture = plots.pareto({"a": history_of(SPACE, [1.0], TWO), "b": history_of(SPACE, [2.0, None], TWO)}, backend="data")

    assert {"series 0", "series 1"} <= points(picture).keys()
    assert (picture.panels[0].x.low < 1.0, picture.panels[0].x.high > 2.0) == (True, True)


def test_a_trade_off_needs_two_metrics(history_of):
    with pytest.raises(StudyError, match="measures only loss"):
        plots.pareto(history_of("two trials"), backend="data")
    with pytest.raises(StudyError, match="two different metrics that the study measures"):
        plots.pareto(history_of(SPACE, [1.0], TWO), metrics=("loss", "loss"), backend="data")
    assert plots.pareto(history_of(SPACE, [None], TWO), backend="data").panels[0].note


def test_winner_and_default_stand_beside_each_other_on_every_fold():
    journal = Journal(SPACE)
    for x, values in ((0.5, (3.0, 5.0)), (0.1, (1.0, 2.0))):
        trial = journal.ask({"x": x}, plan=2, fold=0)
        journal.send(trial, fold=1)
        for fold, value in enumerate(values):
            journal.tell(trial, value, index=fold)

    picture = plots.folds(journal.history, backend="data")

    assert points(picture)["winner"].y.tolist() == [1.0, 2.0]
    assert points(picture)["default"].y.tolist() == [3.0, 5.0]
    assert "flatters it" in picture.caption


@pytest.mark.parametrize(
    ("goal", "stairs"),
    [
        ("minimize", [(1.0, 9.0), (3.0, 9.0), (3.0, 7.0), (4.0, 7.0), (4.0, 6.0)]),
        ("maximize", [(1.0, 9.0), (1.0, 7.0), (3.0, 7.0), (3.0, 6.0), (4.0, 6.0)]),
    ],
)
def test_the_front_is_a_staircase_through_what_was_attained(goal, stairs, history_of):
    metrics = (Metric("a", goal), Metric("b", goal))

    marks = plots.pareto(history_of(SearchSpace({"x": Float(0, 1)}), [1.0, 4.0, 3.0], metrics), backend="data").panels[0].marks

    line = next(mark for mark in marks if isinstance(mark, Line))
    assert list(zip(line.x.tolist(), line.y.tolist(), strict=True)) == stairs
