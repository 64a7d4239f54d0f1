import numpy as np
import pytest

from tunewright import plots
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.plots.picture import said
from tunewright.plots.studies import common_metric, dots, metric_axis, one, render, several
from tunewright.space import Float, SearchSpace
from tunewright.study import Study
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1)})


def test_a_study_and_its_history_are_the_same_to_a_plot():
    study = Study(SPACE)

    assert one(study) is one(study.history)


def test_studies_are_called_by_their_names_and_numbered_where_these_are_the_same():
    assert list(several([Study(SPACE, name="a"), Study(SPACE), Study(SPACE)])) == ["a", "study 1", "study 2"]
    assert list(several({"mine": Study(SPACE)})) == ["mine"]


@pytest.mark.parametrize(("given", "message"), [(3, "from a Study"), ([], "no study to draw"), ("file.db", "from a Study")])
def test_what_is_no_study_is_refused(given, message):
    with pytest.raises(StudyError, match=message):
        several(given)


def test_a_plot_of_one_study_says_so_when_it_gets_more():
    with pytest.raises(StudyError, match="one study at a time"):
        one([Study(SPACE)])


def test_different_metrics_are_not_drawn_on_one_axis():
    with pytest.raises(StudyError, match=r"loss \(minimize\), acc \(maximize\)"):
        common_metric([Study(SPACE, Metric("loss")).history, Study(SPACE, Metric("acc", "maximize")).history])


def test_an_unknown_backend_is_refused():
    with pytest.raises(StudyError, match=r"no backend 'gnuplot'\. Say \"plotly\""):
        render(said("", ""), "gnuplot")


@pytest.mark.parametrize(("goal", "far", "look"), [("minimize", 1e6, "beyond"), ("maximize", -1e6, "below")])
def test_values_far_worse_than_the_rest_are_arrows_at_the_edge(goal, far, look):
    y = np.append(np.linspace(1, 2, 20), far)
    view, axis = metric_axis(Metric("m", goal), y)

    marks = dots(np.arange(21.0), y, view, axis, [""] * 21)

    assert [(mark.look, len(mark.x)) for mark in marks] == [("trial", 20), (look, 1)]
    assert marks[1].y[0] in (axis.low, axis.high)


def test_a_plot_of_one_study_is_a_plot_of_several_with_the_panels_of_each():
    one_parameter, two_parameters = (told(SearchSpace({name: Float(0, 1) for name in names})) for names in ("x", "xy"))

    alone = plots.slices(two_parameters, backend="data")
    both = plots.slices({"a": one_parameter, "b": two_parameters}, backend="data")

    assert [panel.x.label for panel in both.panels if panel.marks] == ["x", "x", "y"]
    assert both.panels[0].title == "a"
    assert both.panels[2].title == "b"  # in a row of its own
    assert (both.title, both.caption) == (alone.title, alone.caption)
    assert both.panels[3].marks[0].x.tolist() == alone.panels[1].marks[0].x.tolist()


def test_what_differs_between_studies_is_said_of_each():
    picture = plots.importance([told(SPACE), told(SPACE, 9)], backend="data")

    assert picture.title == "study 1, study 2"
    assert [panel.title.partition(":")[0] for panel in picture.panels] == ["study 1", "study 2"]


def test_several_studies_share_parallel_axes():
    mark = plots.parallel({"a": told(SPACE), "b": told(SPACE, 9)}, backend="data").panels[0].marks[0]

    assert mark.names == ("study", "x", "value")
    assert len(mark.rows) == 15
    assert [text for _, text in mark.ticks[0]] == ["a", "b"]
    with pytest.raises(StudyError, match="same space"):
        plots.parallel([told(SPACE), told(SearchSpace({"y": Float(0, 1)}))], backend="data")


def told(space, count=6):
    journal, rng = Journal(space), np.random.default_rng(count)
    for row in space.sample_rows(rng, count):
        params = space.params(row)
        journal.tell(journal.ask(params), float(sum(params.values())))
    return journal.history
