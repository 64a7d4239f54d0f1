import math

import pytest

from tunewright.plots.picture import LOOKS, axis_of, said, series


@pytest.mark.parametrize(("low", "high", "log"), [(1.0, 1.0, False), (0.0, 0.0, False), (2.0, 2.0, True), (-1e308, 1e308, False)])
def test_an_axis_holds_its_ends_with_air_even_where_they_are_one(low, high, log):
    axis = axis_of("x", low, high, log=log)

    assert axis.low < low <= high < axis.high or math.isinf(axis.high)


def test_what_cannot_be_shown_is_said():
    picture = said("title", "There is nothing.")

    assert [panel.note for panel in picture.panels] == ["There is nothing."]
    assert not picture.panels[0].marks


def test_studies_have_their_colours_again_after_eight():
    assert series(0) == series(8)
    assert len({LOOKS[series(i)].colour for i in range(8)}) == 8
