import io
import sys

import numpy as np
import pytest

from tunewright import plots
from tunewright.errors import ExtraMissing
from tunewright.plots.on_matplotlib import draw
from tunewright.plots.picture import Axis, Bars, Heat, Line, Panel, Parallel, Picture, Points

AT = np.array([1.0, 2.0, 3.0])
EVERY = Picture(
    "All marks, and $ <b>",
    "What to see, with a $ and a <tag>.",
    (
        Panel(Axis("x", 0.5, 4.0, log=True), Axis("y"), (Points(AT, AT, "trial", "a & b", ("1", "<2>", "3")), Line(AT, AT, "spread", low=AT - 1, high=AT + 1))),
        Panel(Axis("x", whole=True), Axis("y", 0, 4), (Points(AT, AT, "shaded", shade=AT, scale="rank"), Points(AT, AT, "spread", low=AT - 1, high=AT))),
        Panel(Axis(ticks=((0.0, "u" * 30), (1.0, "v" * 30))), Axis(), (Heat(np.arange(3.0) - 0.5, np.arange(2.0), np.array([[1.0, np.nan]]), "z", (("1", ""),), np.array([[np.nan, 1.0]])),)),
        Panel(Axis("s"), Axis(), (Bars(AT, AT - 1, AT, "failed", "failed", ("1", "2", "3")),)),
        Panel(note="Nothing here."),
    ),
    columns=2,
    size=(3.0, 2.0),
)  # fmt: skip
PARALLEL = Picture("p", "c.", (Panel(marks=(Parallel(("a", "b"), (((0.0, "0"),), ((1.0, "1"),)), np.array([[0.0, 1.0], [1.0, 0.5]]), np.array([0.0, 1.0]), "rank"),)),))  # fmt: skip


@pytest.mark.parametrize("picture", [EVERY, PARALLEL], ids=["every", "parallel"])
def test_every_mark_is_drawn(picture):
    figure = draw(picture)

    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=40)
    assert out.getvalue().startswith(b"\x89PNG")
    drawn = [place for place in figure.axes if place.get_label() != "<colorbar>"]
    assert sum(1 for place in drawn if place.has_data() or place.texts) == len(picture.panels)


def test_the_caption_is_on_the_figure():
    assert "What to see" in draw(EVERY).get_supxlabel()


def test_no_window_is_opened_and_no_global_state_made(history_of):
    before = "matplotlib.pyplot" in sys.modules  # another test's library may have loaded it

    plots.history(history_of("conditional"), backend="matplotlib")

    assert ("matplotlib.pyplot" in sys.modules) == before


def test_values_at_the_ends_of_the_float_range_are_drawn(history_of):
    drawn = io.BytesIO()
    figure = plots.history(history_of("far apart"), backend="matplotlib")

    figure.savefig(drawn, format="png", dpi=40)

    assert drawn.getvalue().startswith(b"\x89PNG")
    assert "Numbers beyond ±1e150 are drawn there" in figure.get_supxlabel().replace("\n", " ")
    assert "1e150" not in draw(EVERY).get_supxlabel()


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch, history_of):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(ExtraMissing, match='pip install "matplotlib>='):
        plots.history(history_of("two trials"), backend="matplotlib")


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("far", [1e200, 1e300, sys.float_info.max])
def test_values_at_the_ends_of_the_float_range_are_drawn_at_the_edge(far, log):
    y = np.array([1.0, 2.0, far])
    low = 1.0 if log else -far
    figure = draw(Picture("t", "", (Panel(Axis("x"), Axis("y", low, far, log=log), (Points(AT, y),)),)))
    figure.savefig(io.BytesIO(), format="png", dpi=40)

    assert figure.axes[0].get_ylim()[1] == 1e150


def test_a_short_logarithmic_axis_and_long_names_stay_legible():
    points = Points(np.array([50.0, 500.0]), np.array([0.0, 1.0]))
    name = "momentum_of_the_optimizer_of_the_second_stage"
    panel = Panel(Axis(name, 50, 500, log=True), Axis("value", 0, 1), (points,), title=f"the loss over {name}")
    figure = draw(Picture("any", "What to see.", (panel, panel), columns=2, size=(3.0, 2.5)))
    figure.savefig(io.BytesIO())

    place, _ = figure.axes
    shown = [text.get_text() for text in place.get_xticklabels() if 49.9 <= text.get_position()[0] <= 500.1]
    assert shown == ["50", "100", "200", "500"]
    assert not any(text.get_text() for text in place.get_xticklabels(minor=True))
    assert place.get_xlabel().replace("\n", "") == name
    assert all(len(line) <= 40 for line in (place.get_xlabel() + "\n" + place.get_title()).splitlines())


def test_long_texts_below_an_axis_are_turned_and_the_legend_keeps_clear_of_the_title():
    ticks = tuple((float(i), f"a rather long choice {i}") for i in range(12))
    marks = (Points(AT, AT, "trial", "trials of the search"), Line(AT, AT, "spread", "the best of them so far"))
    title = "validation_loss_on_the_held_out_set over each of the hyperparameters"
    figure = draw(Picture(title, "c.", (Panel(Axis("x", -0.5, 11.5, ticks=ticks), Axis("y", 0, 4), marks),), size=(6.0, 3.0)))
    figure.savefig(io.BytesIO())

    assert figure.axes[0].get_xticklabels()[0].get_rotation() in {30.0, 90.0}
    legend, heading = figure.legends[0].get_window_extent(), figure._suptitle.get_window_extent()
    assert not legend.overlaps(heading)
    assert heading.x1 <= figure.bbox.x1
