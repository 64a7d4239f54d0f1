import math

from tunewright.analysis.shares import Importance, Share
from tunewright.analysis.surrogate import Fit

X, Y = Share(("x",), 0.7, 0.6, 0.8, 40), Share(("y",), 0.2, -0.1, 0.3, 40)
BOTH = Importance("fanova", 1.0, "loss", 40, (X, Y), (Share(("x", "y"), 0.1, 0.0, 0.2, 40),), Fit(0.9, 0.8, 40), ("A remark.",))


def test_shares_are_found_by_name():
    assert dict(BOTH) == {"x": X, "y": Y}
    assert BOTH["y"].value == 0.2


def test_a_share_is_clear_where_it_is_beyond_its_interval_or_chance():
    assert [X.clear, Y.clear] == [True, False]
    assert not Share(("x",), 0.2, 0.1, 0.3, 40, chance=0.25).clear


def test_it_prints_as_a_table_with_the_model_behind_it():
    lines = repr(BOTH).splitlines()

    assert lines[0] == "Importance for loss: fanova, 40 trials"
    assert [line.split()[0] for line in lines[1:3]] == ["x", "y"]
    assert lines[-2:] == ["  model: cross-validated R² 0.9, rank correlation 0.8, n = 40", "  A remark."]
    assert BOTH._repr_html_().count("<tr") == 4


def test_without_a_model_nothing_is_said_of_one():
    assert Importance("ped-anova", 0.1, "loss", 4, fit=Fit(math.nan, math.nan, 0)).behind == ""
