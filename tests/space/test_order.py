import pytest

from tunewright.errors import SpaceError
from tunewright.space.order import decision_order


def test_the_users_order_is_kept_where_it_can_be() -> None:
    names = ["d", "a", "c", "b"]

    assert decision_order(names, {}) == names
    assert decision_order(names, {"a": frozenset("d")}) == names
    assert decision_order(names, {"d": frozenset("bc"), "b": frozenset("a")}) == ["a", "b", "c", "d"]


def test_a_long_chain_needs_no_recursion() -> None:
    names = [f"p{i}" for i in range(5000)]

    assert decision_order(names, {f"p{i}": frozenset({f"p{i + 1}"}) for i in range(4999)}) == names[::-1]


@pytest.mark.parametrize(
    ("parents", "says"),
    [
        (
            {"a": "a"},
            'Circular conditions: "a" -> "a" (each is active depending on the next). A parameter cannot decide on itself.',
        ),
        ({"a": "b", "b": "a"}, '"a" -> "b" -> "a"'),
        ({"a": "b", "b": "c", "c": "b"}, '"b" -> "c" -> "b"'),
    ],
)
def test_a_circle_is_drawn(parents: dict[str, str], says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        decision_order("abc", {name: frozenset(parent) for name, parent in parents.items()})

    assert says in str(caught.value)
