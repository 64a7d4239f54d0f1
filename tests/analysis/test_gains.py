import pytest

from tunewright.analysis.gains import Gain, Stay, Step, Tunability

A = Gain(("a",), 0.5, 0.3, 0.7, (0.25,))
B = Gain(("b",), 0.2, 0.1, 0.3, (2.0,))


def test_half_the_interval_is_two_deviations():
    assert A.sd == pytest.approx(0.1)


def test_a_pair_is_worthwhile_where_it_is_worth_more_than_either_alone():
    more, same, absent = (Gain(("a", "b"), value, 0, 1, at) for value, at in ((0.8, (0, 1)), (0.5, (0, 1)), (0.9, (0, None))))

    assert Tunability("loss", 20, parameters=(A, B), pairs=(more, same, absent)).worthwhile == (more,)


def test_it_says_what_everything_each_and_each_step_is_worth():
    found = Tunability(
        "loss",
        1200,
        whole=Gain(("a", "b"), 0.7, 0.5, 0.9),
        parameters=(A, B),
        path=(Step("f", 1, 1.0, A), Step("w", None, "null", B)),
        stay=Stay(("b",), 0.01, 0.002),
        exact=("f",),
    )

    assert repr(found).split("\n") == [
        "Tunability for loss: 1,200 trials",
        "  Tuning everything is worth 0.70 (0.50 to 0.90) in loss beyond the default.",
        "  a alone: 0.50 (0.30 to 0.70), at 0.25",
        "  b alone: 0.20 (0.10 to 0.30), at 2",
        "  From the default to the best trial, at each step the change that gains most there:",
        "    f: 1 -> 1.0, 0.50 (0.30 to 0.70)",
        "    w: inactive -> null, 0.20 (0.10 to 0.30)",
        "  Can stay at their default: b: expected loss 0.0100 ± 0.0020.",
    ]
    assert found._repr_html_().count("<li>") == 7


def test_a_step_that_loses_is_said_to_pay_only_with_others():
    path = (Step("a", 0, 1, Gain(("a",), -0.5, -0.7, -0.3)), Step("b", 0, 1, Gain(("b",), 0.9, 0.7, 1.1)))

    assert Tunability("loss", 20, path=path).walk.endswith("gains most there (one below 0 pays only with later ones)")
