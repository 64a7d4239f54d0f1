import json

import numpy as np
import pytest

from tunewright import plots
from tunewright.plots.on_plotly import draw
from tunewright.plots.picture import Axis, Bars, Heat, Line, Panel, Parallel, Picture, Points

AT = np.array([1.0, 2.0, 3.0])
EVERY = Picture(
    "All marks <b>",
    "What to see, with a <tag>.",
    (
        Panel(Axis("x", 0.5, 4.0, log=True), Axis("y"), (Points(AT, AT, "trial", "a", ("1", "<2>", "3")), Line(AT, AT, "spread", low=AT - 1, high=AT + 1))),
        Panel(Axis(ticks=((0.0, "u"),)), Axis(), (Heat(np.arange(3.0) - 0.5, np.arange(2.0), np.array([[1.0, 2.0]]), "z", veil=np.array([[np.nan, 1.0]])),)),
        Panel(Axis("s"), Axis(), (Bars(AT, AT - 1, AT, "failed", "failed", ("1", "2", "3")),)),
        Panel(note="Nothing here."),
    ),
    columns=2,
)  # fmt: skip


def test_every_mark_is_drawn_in_its_panel():
    figure = draw(EVERY)

    assert [trace.type for trace in figure.data] == ["scatter"] * 4 + ["heatmap"] * 2 + ["scatter"] * 2
    assert figure.layout.xaxis.type == "log"
    np.testing.assert_allclose(figure.layout.xaxis.range, np.log10([0.5, 4.0]))
    texts = [note.text for note in figure.layout.annotations]
    assert "Nothing here." in texts
    assert any("a &lt;tag&gt;" in text for text in texts)
    json.loads(figure.to_json())


def test_parallel_axes_can_be_brushed():
    ticks = (((0.0, "0"),), ((1.0, "1"),))
    mark = Parallel(("a", "b"), ticks, np.array([[0.0, 1.0], [-0.1, 0.5]]), np.array([0.0, 1.0]), "rank")

    figure = draw(Picture("p", "c.", (Panel(marks=(mark,)),)))

    assert figure.data[0].type == "parcoords"
    assert figure.data[0].line.color.tolist() == [-1.0, 0.0]  # plotly draws the largest colour on top: the best
    assert [axis.label for axis in figure.data[0].dimensions] == ["a", "b"]


@pytest.mark.parametrize("name", ["history", "timeline", "distribution", "folds", "parallel", "slices"])
def test_the_plots_of_every_study_are_figures(case, name):
    assert getattr(plots, name)(case).layout.title.text


def test_only_colours_that_mean_a_number_have_a_scale(history_of):
    history = history_of("conditional")

    scales = [trace.marker.showscale for trace in [*plots.slices(history).data, *plots.rank(history, "lr", "opt").data]]

    assert scales == [None] * (len(scales) - 1) + [True]


def test_a_picture_wider_than_a_narrow_window_takes_the_width_of_its_window():
    panel, mark = EVERY.panels[0], Parallel(("a",), (((0.0, "0"),),), np.zeros((2, 1)), np.zeros(2), "rank")

    wide = draw(Picture("w", "c.", (panel,) * 3, 3, (3.6, 3.0))).layout
    narrow = draw(Picture("n", "c.", (panel,), size=(6.5, 4.0))).layout
    parallel = draw(Picture("p", "c.", (Panel(marks=(mark,)),), size=(12.0, 4.0))).layout

    assert (wide.width, wide.autosize) == (None, True)
    assert (narrow.width, narrow.autosize) == (624, False)
    assert parallel.width == 12 * 96
