import pickle

import numpy as np
import pytest

from tunewright.errors import SpaceError
from tunewright.space import Bool, Categorical, Float, Int, Ordinal, Parameter, SearchSpace, parse
from tunewright.space.engine import Engine
from tunewright.space.feasible import all_rows, draw_allowed, draw_allowed_rows, nearest_allowed, prepare, refuse


def engine(parameters: dict[str, Parameter], *constraints: str) -> Engine:
    return Engine(parameters, {}, [parse(text) for text in constraints])


TIGHT = {"a": Int(1, 100), "b": Int(1, 100)}


def test_tight_constraints_are_met_by_looking_at_all() -> None:
    tight = engine(TIGHT, "a + b == 200")
    rng = np.random.default_rng(0)

    assert draw_allowed(tight, rng) == {"a": 100, "b": 100}
    assert draw_allowed_rows(tight, rng, 3).tolist() == [[100, 100]] * 3


def test_rows_drawn_are_as_many_as_asked_and_all_allowed() -> None:
    loose = engine({"a": Float(0, 1), "b": Float(0, 1)}, "a < b")
    rows = draw_allowed_rows(loose, np.random.default_rng(0), 1234)

    assert rows.shape == (1234, 2)
    assert (rows[:, 0] < rows[:, 1]).all()
    assert draw_allowed_rows(loose, np.random.default_rng(0), 0).shape == (0, 2)


@pytest.mark.parametrize(
    ("parameters", "constraint", "says"),
    [
        (TIGHT, "a + b == 201", "are impossible: none of the space's configurations meets them"),
        (
            {"a": Float(0, 1), "b": Float(0, 1)},
            "a > b + 2",
            "impossible or too tight: in 11,000 random configurations and 6 repaired 1,000 times none meets them",
        ),
        ({"a": Float(0, 1), "b": Float(0, 1)}, "a + b == 3", "compute b = 3 - a in the objective"),
    ],
)
def test_impossible_constraints_are_told_after_a_bounded_search(
    parameters: dict[str, Parameter], constraint: str, says: str
) -> None:
    for draw in (draw_allowed, lambda one, rng: draw_allowed_rows(one, rng, 2)):
        with pytest.raises(SpaceError) as caught:
            draw(engine(parameters, constraint), np.random.default_rng(0))
        assert says in str(caught.value)


@pytest.mark.parametrize(
    ("constraint", "mend"),
    [
        ("a + b + c == 0.7", "c = 0.7 - (a + b)"),
        ("1.7 - a == b * c", "c = (1.7 - a) / b"),
        ("a / (b - 0.3) - c == 5", "c = a / (b - 0.3) - 5"),
        ("0.5 == a / (2 + b)", "b = a / 0.5 - 2"),
        ("3 * a - a * b == 0.3 + a", "b = (3 * a - (0.3 + a)) / a"),
    ],
)
def test_an_equation_is_solved_for_a_parameter_that_is_then_left_out(constraint: str, mend: str) -> None:
    space = {name: Float(0, 1) for name in "abc"}
    name, _, found = mend.partition(" = ")

    with pytest.raises(SpaceError) as caught:
        refuse(engine(space, constraint))

    assert f'take "{name}" out of the space, compute {mend} in the objective' in str(caught.value)
    assert f'the constraints "{found} >= 0.0" and "{found} <= 1.0"' in str(caught.value)


def test_what_cannot_be_solved_is_told_so_in_general() -> None:
    with pytest.raises(SpaceError, match="better solved for one of them"):
        refuse(engine({"a": Float(0, 1), "b": Float(0, 1)}, "a * a + b * b == 0.7 + a * b"))


def test_the_mend_of_an_equation_works() -> None:
    mended = engine({"a": Float(0, 1), "b": Float(0, 1)}, "0.7 - (a + b) >= 0.0", "0.7 - (a + b) <= 1.0")

    assert 0 <= 0.7 - sum(draw_allowed(mended, np.random.default_rng(0)).values()) <= 0.7


def test_narrow_corners_are_found() -> None:
    chain = engine({f"x{i}": Float(0, 1) for i in range(9)}, *(f"x{i} < x{i + 1}" for i in range(8)))
    rng = np.random.default_rng(0)

    assert list(one := draw_allowed(chain, rng).values()) == sorted(one)
    assert all((np.diff(row) > 0).all() for row in draw_allowed_rows(chain, rng, 20))
    assert not chain.tight
    prepare(chain)
    assert chain.tight
    assert all((np.diff(row) > 0).all() for row in draw_allowed_rows(chain, rng, 20))
    assert (
        draw_allowed_rows(engine({name: Int(1, 200) for name in "abc"}, "a + b + c == 300"), rng, 3).sum(axis=1).tolist()
        == [300] * 3
    )


def test_what_is_drawn_depends_on_the_rng_alone() -> None:
    parameters = {f"x{i}": Float(0, 1) for i in range(9)}
    space = SearchSpace(parameters, constraints=[f"x{i} < x{i + 1}" for i in range(8)])
    drawn = [space.sample(np.random.default_rng(seed)) for seed in (1, 2, 1)]

    assert drawn[0] == drawn[2] != drawn[1]
    assert [
        again.sample(np.random.default_rng(1))
        for again in (pickle.loads(pickle.dumps(space)), SearchSpace.from_json(space.to_json()))
    ] == [drawn[0]] * 2


def test_the_constraint_that_fails_alone_is_named() -> None:
    with pytest.raises(SpaceError, match=r"Already alone none met: a > 2\. Loosen"):
        draw_allowed(engine({"a": Float(0, 1), "b": Float(0, 1)}, "a > 2", "b < 0.5"), np.random.default_rng(0))


def test_all_rows_are_each_configuration_once() -> None:
    conditional = Engine(
        {"n": Int(1, 3), "flag": Bool(), "c": Categorical(["x", "y"])},
        {"n": parse("flag"), "c": parse("n > 1")},
        [parse("n < 3")],
    )
    rows = all_rows(conditional)

    assert rows is not None
    assert [conditional.params(row) for row in rows] == [
        {"flag": False},
        {"n": 1, "flag": True},
        {"n": 2, "flag": True, "c": "x"},
        {"n": 2, "flag": True, "c": "y"},
    ]
    assert all_rows(engine({"a": Int(1, 1000), "b": Int(1, 1000)})) is None
    assert all_rows(engine({"a": Float(0, 1)})) is None


@pytest.mark.parametrize(
    ("parameters", "constraint", "far"),
    [
        ({"a": Float(0, 1), "b": Float(0, 1)}, "a < b", 0.03),
        ({"a": Float(0, 1), "b": Float(0, 1)}, "a + b < 0.2", 0.7),
        ({"a": Int(0, 10), "b": Int(0, 10)}, "a + b == 9", 0.1),
    ],
)
def test_the_nearest_is_allowed_near_and_always_the_same(parameters: dict[str, Parameter], constraint: str, far: float) -> None:
    one = engine(parameters, constraint)
    row = nearest_allowed(one, one.defaults)

    assert one.allowed(row[None, :])[0]
    assert np.abs(one.to_unit(row[None, :]) - one.to_unit(one.defaults[None, :])).sum() <= far * 1.2
    assert nearest_allowed(engine(parameters, constraint), one.defaults).tolist() == row.tolist()


SUM = {"a": Int(1, 1000), "b": Int(1, 1000)}
NARROW = {
    "a sum far from most": SearchSpace(SUM, constraints=["a + b <= 5"]),
    "a sum, begun inside": SearchSpace({name: Int(1, 1000, default=1) for name in "ab"}, constraints=["a + b <= 10"]),
    "a sum that few meet": SearchSpace(SUM, constraints=["a + b <= 20"]),
    "a chain": SearchSpace({f"x{i}": Float(0, 1) for i in range(8)}, constraints=[f"x{i} < x{i + 1}" for i in range(7)]),
    "a chain, and close together": SearchSpace(
        {f"x{i}": Float(0, 1, default=0.5 + 0.001 * i) for i in range(8)},
        constraints=[*(f"x{i} < x{i + 1}" for i in range(7)), "x7 - x0 < 0.05"],
    ),
}


@pytest.mark.parametrize("space", NARROW.values(), ids=NARROW)
def test_what_is_there_is_always_found(space: SearchSpace) -> None:
    """Whoever asks: one at a time, hundreds at once, and under every seed."""
    for seed in range(100):
        space.validate(space.sample(np.random.default_rng(seed)))
    rows = space.sample_rows(np.random.default_rng(0), 512)

    assert rows.shape == (512, len(space))
    assert len(np.unique(rows, axis=0)) > (5 if len(space) == 2 else 400)


def test_rare_rows_are_drawn_near_to_the_priors() -> None:
    """In a corner a + b < 0.03 of the unit square the mean of each is 0.01; 4,000 draws are off by less than 0.001 but once in a million."""
    rows = draw_allowed_rows_of(SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a + b < 0.03"]), 4000)

    assert rows.mean(axis=0) == pytest.approx([0.01, 0.01], abs=1e-3)
    assert np.corrcoef(rows.T)[0, 1] == pytest.approx(-0.5, abs=0.1)


def draw_allowed_rows_of(space: SearchSpace, n: int) -> np.ndarray:
    return space.sample_rows(np.random.default_rng(0), n)


def test_a_slab_is_filled_and_two_corners_are_both_met() -> None:
    """Of 1,000 rows; the mean of each of three weights that sum to 1 is 1/3, off by less than 0.05."""
    slab = SearchSpace({name: Float(0, 1) for name in "abc"}, constraints=["a + b + c >= 0.9995", "a + b + c <= 1.0005"])
    rows = draw_allowed_rows_of(slab, 1000)
    assert rows.mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.05)
    assert len(np.unique(rows.round(2), axis=0)) > 700

    low, high = (" and ".join(f"{name} {test}" for name in "abc") for test in ("< 0.02", "> 0.98"))
    corners = SearchSpace({name: Float(0, 1) for name in "abc"}, constraints=[f"({low}) or ({high})"])
    assert 0.1 < (draw_allowed_rows_of(corners, 1000)[:, 0] > 0.5).mean() < 0.9


def test_what_is_drawn_does_not_depend_on_what_was_drawn_before() -> None:
    def slab() -> SearchSpace:
        return SearchSpace({name: Float(0, 1) for name in "abc"}, constraints=["a + b + c >= 0.9998", "a + b + c <= 1.0002"])

    fresh, used = slab(), slab()
    used.sample(np.random.default_rng(5))
    used.sample_rows(np.random.default_rng(6), 10)

    assert fresh.sample_rows(np.random.default_rng(1), 5).tolist() == used.sample_rows(np.random.default_rng(1), 5).tolist()


def test_an_equation_between_numbers_is_met_exactly() -> None:
    rows = draw_allowed_rows_of(SearchSpace({"a": Float(0, 1), "b": Float(0, 1)}, constraints=["a + b == 1"]), 200)

    assert (rows.sum(axis=1) == 1).all()
    assert rows.std(axis=0).min() > 0.2


@pytest.mark.parametrize(
    "constraints",
    [['size >= "medium"', "x + y == 1"], ['size >= "medium" and x + y == 1'], ['not size < "medium"', "x + y == 1"]],
    ids=["two", "one", "not"],
)
def test_an_order_of_texts_may_stand_beside_what_is_rare(constraints: list[str]) -> None:
    sizes = Ordinal(["small", "medium", "large"])

    space = SearchSpace({"size": sizes, "x": Float(0, 1), "y": Float(0, 1)}, constraints=constraints)

    found = [space.default, *space.sample(np.random.default_rng(0), 20)]
    assert {params["size"] for params in found} == {"medium", "large"}
    assert all(params["x"] + params["y"] == 1 for params in found)
