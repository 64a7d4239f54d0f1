import numpy as np
import pytest

from tunewright import plots
from tunewright.errors import StudyError
from tunewright.plots.parameters import parameter_axis, raw_edges
from tunewright.plots.picture import Heat
from tunewright.space import Categorical, Float, SearchSpace


def test_every_study_has_its_plots_or_a_sentence(case):
    pictures = [plots.slices(case, backend="data"), plots.parallel(case, backend="data")]
    if len(case.space) > 1:
        pictures.append(plots.rank(case, *case.space.names[:2], backend="data"))

    assert all(panel.marks or panel.note.endswith(".") for picture in pictures for panel in picture.panels)


def test_a_slice_holds_the_trials_in_which_the_parameter_was_active(history_of):
    history = history_of("conditional")
    active = np.isfinite(history.rows[:, 2]) & np.isfinite(history.values[:, 0])

    panel = plots.slices(history, "momentum", backend="data").panels[0]

    assert sum(len(mark.x) for mark in panel.marks if mark.look == "trial") == active.sum() > 0
    assert panel.title == 'only when opt == "sgd"'


def test_of_many_parameters_those_are_drawn_that_go_with_the_values(history_of):
    space = SearchSpace({f"p{i}": Float(0, 1) for i in range(15)})
    values = [(0.37 + 0.618 * i * 15) % 1.0 for i in range(40)]  # the last parameter itself

    picture = plots.slices(history_of(space, values), backend="data")

    assert len(picture.panels) == 12
    assert picture.panels[-1].x.label == "p14"
    assert "12 of 15 hyperparameters are drawn" in picture.caption


def test_inactive_parameters_pass_below_their_axis(history_of):
    history = history_of("conditional")

    picture = plots.parallel(history, backend="data")

    mark = picture.panels[0].marks[0]
    completed = np.isfinite(history.values[:, 0])
    np.testing.assert_array_equal(mark.rows[:, 2] < 0, np.isnan(history.rows[completed, 2]))
    assert mark.names == ("lr", "opt", "momentum *", "loss")
    assert mark.shade.min() == 0.0 == mark.shade[np.argmin(history.values[completed, 0])]
    assert 'pass below them ("off")' in picture.caption


def test_ranks_begin_with_the_best(history_of):
    history = history_of("only choices")

    points = plots.rank(history, "a", "b", backend="data").panels[0].marks[0]

    assert points.shade.tolist() == [6, 5, 4, 3, 2, 1]
    assert points.tips[-1].startswith("trial 0: loss 1")


def test_a_contour_shows_the_model_and_where_no_trial_is_near(history_of):
    history = history_of(SearchSpace({"x": Float(0, 1), "y": Float(1, 100, log=True)}), [3.0, 1.0, 2.0, 0.5, 4.0, 2.5])

    panel = plots.contour(history, "x", "y", backend="data").panels[0]

    heat = panel.marks[0]
    assert isinstance(heat, Heat)
    assert heat.z.shape == heat.veil.shape == (len(heat.y) - 1, len(heat.x) - 1)
    assert 0 < np.isfinite(heat.veil).sum() < heat.veil.size
    assert panel.y.log


def test_every_choice_has_a_cell_of_its_own_in_a_contour(history_of):
    choices = [f"c{i:02d}" for i in range(60)]
    space = SearchSpace({"c": Categorical(choices), "x": Float(0, 1)})

    panel = plots.contour(history_of(space, [float((7 * i) % 60) for i in range(60)]), "x", "c", backend="data").panels[0]

    heat = panel.marks[0]
    assert np.allclose(np.diff(heat.y), 1.0)
    assert np.isfinite(heat.z).all(axis=1).sum() == 50  # those that were looked at; the others are left empty
    assert np.isnan(heat.z).all(axis=1).sum() == len(heat.z) - 50


def test_where_nothing_can_be_modelled_the_contour_says_why(history_of):
    assert "at least 4 are needed" in plots.contour(history_of("two trials"), "x", "y", backend="data").panels[0].note
    assert "the same loss" in plots.contour(history_of("constant"), "x", "y", backend="data").panels[0].note


def test_parameters_that_are_not_there_are_refused(history_of):
    with pytest.raises(StudyError, match=r'no parameter "z"\. The space has: x, y'):
        plots.slices(history_of("two trials"), "z", backend="data")
    with pytest.raises(StudyError, match="two different parameters"):
        plots.rank(history_of("two trials"), "x", "x", backend="data")


def test_cells_meet_half_way_on_the_scale_of_the_axis():
    space = SearchSpace({"x": Float(1, 100, log=True), "y": Float(0, 4)})

    np.testing.assert_allclose(raw_edges(np.array([1.0, 100.0]), parameter_axis(space, "x")), [0.1, 10.0, 1000.0])
    np.testing.assert_allclose(raw_edges(np.array([0.0, 4.0]), parameter_axis(space, "y")), [-2.0, 2.0, 6.0])


def test_choices_that_read_alike_are_told_apart(history_of):
    history = history_of(SearchSpace({"f": Categorical([1, 1.0])}), [1.0, 2.0, 3.0])

    marks = plots.slices(history, "f", backend="data").panels[0].marks

    assert {tip.rpartition(" ")[2] for tip in marks[0].tips} == {"1", "1.0"}


@pytest.mark.parametrize("name", [["x"], {"x"}, 3])
def test_names_in_a_list_are_refused_as_what_they_are(name, history_of):
    history = history_of("one trial")
    draws = [
        lambda: plots.slices(history, name),
        lambda: plots.parallel(history, name),
        lambda: plots.effects(history, name),
        lambda: plots.rank(history, name, "y"),
        lambda: plots.contour(history, "x", name),
    ]
    for draw in draws:
        with pytest.raises(StudyError, match="given by its name"):
            draw()


@pytest.mark.parametrize("draw", [plots.rank, plots.contour])
def test_two_that_are_not_named_are_the_most_important(draw, history_of):
    space = SearchSpace({"idle": Float(0, 1), "x": Float(0, 1), "y": Float(0, 1)})
    rows = [[(0.37 + 0.618 * i * (j + 1)) % 1.0 for j in range(3)] for i in range(60)]
    history = history_of(space, [2 * x + y for _, x, y in rows])

    assert draw(history, backend="data").title.endswith("over x and y")
    assert draw(history, "y", backend="data").title.endswith("over y and x")
    assert draw(history, second="idle", backend="data").title.endswith("over x and idle")
    assert "No two hyperparameters" in draw(history_of("one parameter"), backend="data").panels[0].note
    assert "No two hyperparameters" in draw(history_of("no trial"), backend="data").panels[0].note
