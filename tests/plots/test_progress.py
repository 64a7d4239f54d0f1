import numpy as np
import pytest

from tunewright import plots
from tunewright.errors import StudyError
from tunewright.events import Asked, Entry, Event, Failed, Reported, Told
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.plots.picture import Bars, Line
from tunewright.space import Float, SearchSpace
from tunewright.testing.journal import Journal
from tunewright.trial import Failure

SPACE = SearchSpace({"x": Float(0, 1)})


def looks(picture):
    return {mark.look: mark for panel in picture.panels for mark in panel.marks}


def written(events):
    history = History(SPACE, [Metric("loss")])
    history.fold(Entry(trial, event, time, i) for i, (trial, event, time) in enumerate(events, 1))
    return history


def test_every_study_has_its_plots_or_a_sentence(case):
    for draw in (plots.history, plots.timeline, plots.learning_curves, plots.distribution):
        picture = draw(case, backend="data")
        assert all(panel.marks or panel.note.endswith(".") for panel in picture.panels)
        assert picture.caption.endswith(".") or picture.panels[0].note


def test_the_history_has_a_line_of_the_best_so_far(history_of):
    picture = plots.history(history_of("conditional"), backend="data")

    line = next(mark for mark in picture.panels[0].marks if isinstance(mark, Line))
    assert line.y.tolist() == [3.0, 1.0, 0.5, 0.5]
    assert line.x.tolist() == [0.0, 1.0, 4.0, 7.0]
    assert looks(picture)["failed"].x.tolist() == [3.0]
    assert "last improved by trial 4 (8 trials, counted from 0)." in picture.caption


def test_in_a_race_the_best_is_the_histories_and_who_met_few_folds_is_grey():
    journal = Journal(SearchSpace({"x": Float(0, 1)}))
    for i, losses in enumerate([[2.0, 2.2, 2.4], [0.1], [1.0, 1.3, 1.4]]):
        trial = journal.ask({"x": i / 10}, fold=0)
        journal.tell(trial, losses[0])
        for fold, loss in enumerate(losses[1:], 1):
            journal.tell(trial, loss, index=journal.send(trial, fold=fold))

    picture = plots.history(journal.history, backend="data")

    marks = {mark.name: mark for mark in picture.panels[0].marks}
    assert (marks["best"].x.tolist(), marks["few folds"].x.tolist()) == ([2.0], [1.0])
    assert "met fewer than half as many folds" in picture.caption


def test_records_with_folds_have_whiskers():
    journal = Journal(SPACE)
    trial = journal.ask({"x": 0.5}, plan=2, fold=0)
    journal.send(trial, fold=1)
    for fold, value in enumerate((1.0, 3.0)):
        journal.tell(trial, value, index=fold)

    whisker = plots.history(journal.history, backend="data").panels[0].marks[2]

    np.testing.assert_allclose([*whisker.low, *whisker.high], [2 - np.sqrt(2), 2 + np.sqrt(2)])


def test_several_studies_have_a_line_each_and_those_without_a_value_are_said(history_of):
    picture = plots.history({"a": history_of("two trials"), "b": history_of("all failed")}, backend="data")

    assert [mark.name for mark in picture.panels[0].marks] == ["a"]
    assert "b none" in picture.caption


def test_a_worker_has_a_row_for_each_trial_that_it_ran_at_once():
    history = written([
        (0, Asked({"x": 0.1}, "r", 0, worker=1), 0.0),
        (1, Asked({"x": 0.2}, "r", 1, worker=1), 0.0),
        (2, Asked({"x": 0.3}, "r", 2, worker=2), 0.0),
        (0, Told({"loss": 1.0}, 10.0), 10.0),
        (1, Failed(Failure("told", ""), 20.0), 20.0),
        (3, Asked({"x": 0.4}, "r", 5, worker=1), 20.0),
    ])  # fmt: skip

    panel = plots.timeline(history, backend="data").panels[0]

    assert [text for _, text in panel.y.ticks] == ["worker 1", "… 2", "worker 2"]
    bars = {mark.name: mark for mark in panel.marks if isinstance(mark, Bars)}
    assert (bars["completed"].y.tolist(), bars["completed"].end.tolist()) == ([0.0], [10.0])
    assert (bars["failed"].y.tolist(), bars["failed"].end.tolist()) == ([1.0], [20.0])
    assert sorted(bars["running"].y.tolist()) == [0.0, 2.0]


def test_the_best_learning_curve_stands_out():
    events: list[tuple[int, Event, float]] = []
    for trial, value in enumerate((2.0, 1.0)):
        events.append((trial, Asked({"x": 0.1 + trial / 2}, "r", len(events)), 0.0))
        events += [(trial, Reported(0, step, {"loss": value + 1 / step}), 1.0) for step in (1, 2)]
        events.append((trial, Told({"loss": value}, 1.0), 2.0))

    picture = plots.learning_curves(written(events), backend="data")

    assert looks(picture)["curve best"].y.tolist() == [2.0, 1.5]
    assert looks(picture)["curve"].y.tolist() == [3.0, 2.5]
    with pytest.raises(StudyError, match="It measures: loss"):
        plots.learning_curves(written(events), metric="accuracy", backend="data")


def test_the_best_learning_curve_is_that_of_the_best_trial():
    journal = Journal(SPACE, (Metric("loss"), Metric("size", bound=10.0)))
    for loss, size in ((2.0, 5.0), (1.0, 20.0), (3.0, 5.0)):
        trial = journal.ask({"x": 0.5})
        journal._write(trial, Reported(0, 1, {"loss": loss}))
        journal.tell(trial, {"loss": loss, "size": size})

    marks = [mark for mark in plots.learning_curves(journal.history, backend="data").panels[0].marks if mark.look == "curve best"]

    assert [(mark.name, mark.y.tolist()) for mark in marks] == [("best: trial 0", [2.0])]


def test_a_curve_never_runs_backwards():
    journal = Journal(SPACE, (Metric("loss"),))
    trial = journal.ask({"x": 0.5})
    for step, value in ((1, 5.0), (2, 4.0), (3, 3.0), (2, 2.0), (1, 6.0)):
        journal._write(trial, Reported(0, step, {"loss": value}))
    journal.tell(trial, 1.0)

    line = looks(plots.learning_curves(journal.history, backend="data"))["curve best"]

    assert (line.x.tolist(), line.y.tolist()) == ([1, 2, 3], [6.0, 2.0, 3.0])


def test_whatever_was_reported_is_drawn_by_its_name():
    journal = Journal(SPACE, (Metric("loss"),))
    for value in (2.0, 1.0):
        trial = journal.ask({"x": 0.5})
        journal._write(trial, Reported(0, 1, {"val_loss": value, "acc": 1 - value / 10}))
        journal.tell(trial, value)

    by_name = plots.learning_curves(journal.history, metric="acc", backend="data")
    assert looks(by_name)["curve best"].y.tolist() == [0.9]
    assert by_name.panels[0].y.label == "acc"
    assert "val_loss, acc was: name it with metric=" in plots.learning_curves(journal.history, backend="data").panels[0].note
    with pytest.raises(StudyError, match="On the way was reported: val_loss, acc"):
        plots.learning_curves(journal.history, metric="f1", backend="data")


def test_failures_count_as_never_good_enough(history_of):
    history = history_of(SPACE, [2.0, 1.0, None, 4.0])

    line = plots.distribution(history, backend="data").panels[0].marks[0]

    assert line.y.tolist() == [0.0, 0.25, 0.5, 0.75, 0.75]
    assert line.x.tolist()[1:4] == [1.0, 2.0, 4.0]


def test_sides_are_means_with_bands_cut_where_the_shortest_ends(history_of):
    sides = {"a": [history_of(SPACE, [4.0, 2.0]), history_of(SPACE, [2.0, 3.0, 0.0])], "b": history_of(SPACE, [9.0, 9.0])}

    picture = plots.comparison(sides, backend="data")

    first, second = looks(picture)["series 0"], looks(picture)["series 1"]
    assert first.y.tolist() == [3.0, 2.0]
    # Student's t with 1 degree of freedom: 12.706 x sd / sqrt(2), sd = sqrt(2)
    np.testing.assert_allclose(first.high - first.y, [12.706, 0.0], atol=1e-3)
    assert (second.y.tolist(), len(second.low)) == ([9.0, 9.0], 0)
    assert "cut at 2 trials" in picture.caption


def test_a_comparison_needs_sides_with_values(history_of):
    assert "Let it run longer" in plots.comparison({"a": history_of("all failed")}, backend="data").panels[0].note
    with pytest.raises(StudyError, match="Give a dictionary"):
        plots.comparison([history_of("two trials")], backend="data")


def test_the_curve_of_one_of_several_metrics_gives_no_advice(history_of):
    space = SearchSpace({"x": Float(0, 1)})
    one, two = (history_of(space, [1.0] * 12, metrics) for metrics in ((Metric("a"),), (Metric("a"), Metric("b"))))

    assert "unlikely to gain much" in plots.history(one, backend="data").caption
    assert "unlikely to gain much" not in plots.history(two, backend="data").caption
    assert "about a alone of 2 metrics" in plots.history(two, backend="data").caption
