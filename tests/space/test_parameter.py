import pytest

from tunewright.errors import SpaceError
from tunewright.space import Bool, Categorical, Float, Int, Normal
from tunewright.space.parameter import checked_default


def test_a_parameter_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Float(0, 1).low = 3


def test_a_description_holds_what_was_said_and_no_more() -> None:
    assert Float(0, 1).describe() == {"low": 0.0, "high": 1.0}
    assert Float(1, 2, log=True, prior=Normal(1.5, 0.1)).describe() == {
        "low": 1.0,
        "high": 2.0,
        "log": True,
        "prior": {"center": 1.5, "spread": 0.1},
    }
    assert Categorical(["a"], prior=[2]).describe() == {"choices": ["a"], "prior": [2.0]}
    assert Bool().describe() == {}


def test_whether_a_default_was_given_is_known() -> None:
    assert [p.has_default for p in (Int(0, 1), Int(0, 1, default=0), Bool(), Bool(default=False))] == [False, True, False, True]


def test_a_default_is_checked_as_a_value_is() -> None:
    assert checked_default("Int", Int(0, 3), 2.0) == 2
    with pytest.raises(SpaceError, match=r"Int: the default is 4, outside \[0, 3\]"):
        checked_default("Int", Int(0, 3), 4)
