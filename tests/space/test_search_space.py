import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.errors import ParamsError, SpaceError
from tunewright.space import Bool, Categorical, Choice, Float, Int, Normal, Ordinal, SearchSpace, param

SPACE = SearchSpace(
    {
        "lr": Float(1e-5, 1e-1, log=True, default=1e-3),
        "depth": Int(1, 12),
        "opt": Categorical(["sgd", "adam"]),
        "momentum": Float(0, 0.99),
        "half": Float(0, 1, step=0.5),
        "flag": Bool(),
    },
    when={"momentum": param("opt") == "sgd"},
    constraints=["depth < 10 or not flag"],
)
GOOD: dict[str, Any] = {"lr": 0.01, "depth": 4, "opt": "sgd", "momentum": 0.5, "half": 0.5, "flag": True}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---- construction --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SearchSpace({}), "at least one parameter"),
        (lambda: SearchSpace([("a", Bool())]), "parameters by name"),
        (lambda: SearchSpace({"a": 3}), '"a" in the space is 3 (int), which is no parameter'),  # type: ignore[dict-item]
        (lambda: SearchSpace({"a": Bool}), "which is no parameter"),  # type: ignore[dict-item]
        (lambda: SearchSpace({" ": Bool()}), "A parameter needs a name"),
        (lambda: SearchSpace({3: Bool()}), "A parameter needs a name"),  # type: ignore[dict-item]
        (lambda: SearchSpace({"a": Bool()}, when={"b": "a"}), 'when has a condition for "b", which is no parameter'),
        (lambda: SearchSpace({"momentum": Bool()}, when={"momentun": "momentum"}), 'Did you mean "momentum"?'),
        (lambda: SearchSpace({"a": Bool()}, when=["a"]), "when holds a condition for each name"),
        (lambda: SearchSpace({"a": Bool()}, when={"a": True}), "not a plain Python comparison"),  # type: ignore[dict-item]
        (lambda: SearchSpace({"a": Bool(), "b": Bool()}, when={"b": "c == 1"}), 'condition of "b" (c == 1) names "c"'),
        (lambda: SearchSpace({"a": Bool(), "b": Bool()}, when={"b": "a ="}), 'The condition of "b": Cannot read'),
        (lambda: SearchSpace({"a": Bool()}, when={"a": "a"}), "A parameter cannot decide on itself"),
        (lambda: SearchSpace({"a": Bool(), "b": Bool()}, when={"a": "b", "b": "a"}), 'Circular conditions: "a" -> "b" -> "a"'),
        (lambda: SearchSpace({"o": Categorical(["sgd"]), "b": Bool()}, when={"b": "o == 'sdg'"}), 'Did you mean "sgd"?'),
        (lambda: SearchSpace({"a": Bool()}, constraints="a"), "constraints is a list, [a]"),
        (lambda: SearchSpace({"a": Bool()}, constraints=param("a")), "Put it in brackets"),
        (lambda: SearchSpace({"a": Bool()}, constraints=[True]), "Constraint 0 is true (bool)"),  # type: ignore[list-item]
        (lambda: SearchSpace({"a": Int(1, 5)}, constraints=["a > 5"]), "impossible: none of the space's configurations"),
        (lambda: SearchSpace({"a": Float(1, 5)}, constraints=["a > 5"]), "impossible or too tight"),
        (
            lambda: SearchSpace({"a": Float(0, 1, default=0.5)}, constraints=["a < 0.4"]),
            "The defaults violate the constraint a < 0.4",
        ),
        (lambda: SearchSpace({"a.x": Bool(), "m": Choice({"a": {"x": Bool()}})}), "stands twice"),
    ],
)
def test_a_space_that_cannot_be_says_what_where_and_the_mend(make: Any, says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()

    assert says in str(caught.value)


def test_a_space_is_frozen_equal_by_content_and_pickled_as_its_description() -> None:
    again = pickle.loads(pickle.dumps(SPACE))

    assert again == SPACE
    assert hash(again) == hash(SPACE)
    assert again.default == SPACE.default
    assert again.sample(rng()) == SPACE.sample(rng())
    assert len(pickle.dumps(SPACE)) < len(SPACE.to_json()) + 300
    assert copy.deepcopy(SPACE) is SPACE is copy.copy(SPACE)
    assert SearchSpace({"a": Bool(), "b": Bool()}) != SearchSpace({"b": Bool(), "a": Bool()})
    assert SPACE.to_json() != SPACE
    with pytest.raises(AttributeError, match="does not change"):
        SPACE.names = ()
    with pytest.raises(TypeError):
        SPACE.parameters["lr"] = Bool()
    assert (len(SPACE), SPACE.names[1], str(SPACE.when["momentum"])) == (6, "depth", 'opt == "sgd"')


def test_what_the_user_gave_may_change_later() -> None:
    given: dict[str, Any] = {"a": Bool()}
    space = SearchSpace(given)

    given["b"] = Bool()

    assert space.names == ("a",)


# ---- defaults and samples ------------------------------------------------------------------------------------------------------


def test_the_default_holds_the_active_defaults() -> None:
    assert SPACE.default == {"lr": 0.001, "depth": 6, "opt": "sgd", "momentum": 0.495, "half": 0.5, "flag": False}
    SPACE.default["lr"] = 7.0
    assert SPACE.default["lr"] == 0.001


def test_a_default_that_violates_a_constraint_gives_way_to_one_near_it() -> None:
    parameters = {"low": Float(0, 1), "high": Float(0, 1, default=0.5)}
    space = SearchSpace(parameters, constraints=[param("low") < param("high")])

    assert space.default == SearchSpace(parameters, constraints=["low < high"]).default
    assert space.default["low"] < space.default["high"]
    assert abs(space.default["low"] - 0.5) + abs(space.default["high"] - 0.5) < 0.05


def test_a_sample_is_valid_and_repeats_with_its_rng() -> None:
    many = SPACE.sample(rng(), 500)

    assert len(many) == 500
    assert all(SPACE.validate(params) == params for params in many)
    assert many == SPACE.sample(rng(), 500)
    assert [SPACE.sample(generator := rng()), SPACE.sample(generator)] == [
        SPACE.sample(generator := rng()),
        SPACE.sample(generator),
    ]
    assert SPACE.sample(rng(), 0) == []
    assert {"momentum" in params for params in many} == {True, False}
    assert max(params["depth"] for params in many if params["flag"]) < 10 <= max(params["depth"] for params in many)


def test_samples_fill_the_space_evenly() -> None:
    n = 40_000
    rows = SearchSpace({"x": Float(1e-4, 1, log=True), "n": Int(1, 4), "c": Categorical(["a", "b"])}).sample_rows(rng(), n)
    shares = [
        (np.log10(rows[:, 0]) < -2).mean() - 0.5,
        *((rows[:, 1] == k).mean() - 0.25 for k in range(1, 5)),
        rows[:, 2].mean() - 0.5,
    ]

    # each share has a standard deviation of at most 0.0025; 6 sigma fails by chance less than once in 5e8
    assert max(map(abs, shares)) < 6 * 0.5 / math.sqrt(n)


def test_one_and_many_are_drawn_alike() -> None:
    space = SearchSpace(
        {"x": Float(0, 1, prior=Normal(0.2, 0.1)), "o": Ordinal(["s", "m"], prior=[1, 3]), "n": Int(1, 9, log=True)}
    )
    n = 5_000
    generator = rng()
    ones, many = space.rows([space.sample(generator) for _ in range(n)]), space.sample_rows(generator, n)

    # difference of two means: sd at most sqrt(2 / n) times the sd of the column; 7 sigma fails by chance less than once in 1e11
    assert (np.abs(ones.mean(axis=0) - many.mean(axis=0)) < 7 * math.sqrt(2 / n) * many.std(axis=0)).all()


# ---- validation ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lrr": 1}, 'There is no parameter "lrr" (parameters: "lr", "depth"'),
        ({"Depth": 1}, 'Did you mean "depth"?'),
        ({3: 1}, "There is no parameter 3"),
        ({"lr": 1.0}, '"lr" is 1.0, outside [1e-05, 0.1].'),
        ({"lr": "0.01"}, '"lr" is "0.01" (str), but must be a number'),
        ({"lr": math.nan}, '"lr" is NaN'),
        ({"depth": 3.5}, "not whole"),
        ({"depth": True}, '"depth" is true (bool), but must be a whole number'),
        ({"opt": "sdg"}, 'Did you mean "sgd"?'),
        ({"half": 0.3}, '"half" is 0.3, which is off its step 0.5. The nearest value is 0.5.'),
        ({"flag": 1}, "must be True or False"),
        ({"opt": "adam"}, '"momentum" is given but inactive: it is active only when opt == "sgd". Leave it out.'),
        ({"depth": 11}, "The constraint depth < 10 or not flag is violated by depth=11, flag=true."),
    ],
)
def test_a_configuration_that_does_not_fit_says_where(change: dict[Any, Any], says: str) -> None:
    with pytest.raises(ParamsError) as caught:
        SPACE.validate(GOOD | change)

    assert says in str(caught.value)


def test_what_is_missing_is_said_or_filled() -> None:
    with pytest.raises(ParamsError, match=r'"momentum" is missing, active since opt == "sgd"\. Give it, or fill'):
        SPACE.validate({name: value for name, value in GOOD.items() if name != "momentum"})
    with pytest.raises(ParamsError, match='"lr" is missing'):
        SPACE.validate({})
    with pytest.raises(ParamsError, match="mapping from names to values"):
        SPACE.validate([("lr", 1)])
    assert SPACE.validate({}, fill=True) == SPACE.default
    assert SPACE.validate({"opt": "adam"}, fill=True) == {"lr": 0.001, "depth": 6, "opt": "adam", "half": 0.5, "flag": False}


def test_what_fits_becomes_canonical() -> None:
    mixed = {
        "flag": np.True_,
        "half": 1,
        "momentum": np.float32(0.5),
        "opt": np.str_("sgd"),
        "depth": 4.0,
        "lr": np.float64(0.01),
    }

    assert repr(SPACE.validate(mixed)) == repr(GOOD | {"half": 1.0})
    assert list(SPACE.validate(mixed)) == list(SPACE.names)


# ---- arrays --------------------------------------------------------------------------------------------------------------------


def test_rows_hold_numbers_and_indices_and_nan_where_inactive() -> None:
    adam = {"lr": 0.01, "depth": 4, "opt": "adam", "half": 0.5, "flag": True}
    rows = SPACE.rows([GOOD, adam])

    assert SPACE.row(GOOD) == rows[0].tolist() == [0.01, 4, 0, 0.5, 0.5, 1]
    assert all(type(x) is float for x in SPACE.row(GOOD))
    assert math.isnan(rows[1, 3])
    assert [SPACE.params(row) for row in rows] == [GOOD, adam] == [SPACE.params(row.tolist()) for row in rows]
    assert SPACE.rows([]).shape == (0, 6)


def test_tables_of_another_shape_are_refused() -> None:
    for method in (SPACE.active, SPACE.allowed, SPACE.deactivate, SPACE.to_unit, SPACE.from_unit, SPACE.from_quantiles):
        with pytest.raises(SpaceError, match=r"shape \(n, 6\), got \(6,\)"):
            method(SPACE.row(GOOD))


def test_deactivate_leaves_what_it_is_given() -> None:
    plain = SearchSpace({"a": Float(0, 1)})
    rows = np.array([[0.5]])

    found = plain.deactivate(rows)
    found[0, 0] = 9

    assert rows.tolist() == [[0.5]]


def test_a_wide_space_and_one_of_many_choices_work() -> None:
    wide = SearchSpace({f"x{i}": [Float(0, 1), Int(1, 9), Bool()][i % 3] for i in range(100)})
    many = SearchSpace({"c": Categorical([*range(500), *(f"k{i}" for i in range(500))])})

    assert wide.params(wide.row(params := wide.sample(rng()))) == params
    assert [many.params(many.row({"c": value})) for value in (0, 499, "k0", "k499")] == [
        {"c": 0},
        {"c": 499},
        {"c": "k0"},
        {"c": "k499"},
    ]
    assert many.validate({"c": "k7"}) == {"c": "k7"}


# ---- ten thousand random spaces ------------------------------------------------------------------------------------------------


def check(space: SearchSpace, generator: np.random.Generator) -> None:
    """What must hold for every space there is."""
    d = len(space)
    many = [space.default, space.sample(generator), *space.sample(generator, 1)]
    rows = space.rows(many)
    for params, row in zip(many, rows, strict=True):  # repr tells 1 from 1.0 and -0.0 from 0.0
        assert repr(space.validate(params)) == repr(params) == repr(space.params(row))
    assert space.allowed(rows).all()
    assert (space.active(rows) == ~np.isnan(rows)).all()
    assert np.array_equal(space.deactivate(rows), rows, equal_nan=True)

    unit = space.to_unit(rows)
    assert (np.isnan(unit) == np.isnan(rows)).all()
    assert np.nanmin(unit, initial=0) >= 0
    assert np.nanmax(unit, initial=1) <= 1
    back = space.from_unit(unit)
    ends = space.from_unit(np.array([[0.0] * d, [1.0] * d]))
    for j, parameter in enumerate(space.parameters.values()):
        exact = ~np.isnan(rows[:, j]) if parameter.size < math.inf else np.isin(rows[:, j], ends[:, j])
        assert back[exact, j].tolist() == rows[exact, j].tolist()
        if isinstance(parameter, Float | Int):
            assert ends[:, j].tolist() == [parameter.low, parameter.high]
        else:
            assert ends[:, j].tolist() == [0, parameter.size - 1]

    drawn = space.from_quantiles(generator.random((2, d)))
    for row, allowed in zip(drawn, space.allowed(drawn), strict=True):
        params = space.params(row)
        if allowed:
            assert space.validate(params) == params
        else:
            with pytest.raises(ParamsError, match="constraint"):
                space.validate(params)


@pytest.mark.parametrize("block", range(20))
def test_ten_thousand_random_spaces(block: int, random_space: Callable[[np.random.Generator], SearchSpace]) -> None:
    for i in range(500):
        generator = rng(500 * block + i)
        space = random_space(generator)
        check(space, generator)
        if i % 5 == 0:
            assert SearchSpace.from_json(space.to_json()) == space


@given(seed=st.integers(0, 2**32), point=st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_any_point_of_the_unit_cube_is_a_configuration(
    seed: int, point: list[float], random_space: Callable[[np.random.Generator], SearchSpace]
) -> None:
    space = random_space(rng(seed))
    rows = space.deactivate(space.from_unit([point[: len(space)]]))

    if space.allowed(rows)[0]:
        assert np.array_equal(space.row(space.validate(space.params(rows[0]))), rows[0], equal_nan=True)


def test_it_reads_like_a_dictionary_of_its_parameters() -> None:
    space = SearchSpace({"lr": Float(0, 1), "opt": Categorical(["sgd", "adam"])})

    assert list(space) == ["lr", "opt"]
    assert "lr" in space
    assert "opt.x" not in space
    assert space["lr"] == Float(0, 1)
    with pytest.raises(KeyError, match=r'There is no parameter "Lr"\. Did you mean "lr"\?'):
        space["Lr"]


def test_a_draw_needs_a_generator() -> None:
    space = SearchSpace({"lr": Float(0, 1)})

    for draw in (space.sample, lambda rng: space.sample(rng, 2), lambda rng: space.sample_rows(rng, 2)):
        unfit: tuple[Any, ...] = (0, None, np.random.RandomState(0))
        for wrong in unfit:
            with pytest.raises(SpaceError, match=r"needs a generator of NumPy's, np\.random\.default_rng\(0\), got"):
                draw(wrong)
    odd: tuple[Any, ...] = (-1, 2.5, "3", True)
    for wrong in odd:
        with pytest.raises(SpaceError, match="n must be a whole number, 0 or more, got"):
            space.sample(np.random.default_rng(0), wrong)
    two: Any = np.int64(2)
    assert len(space.sample(np.random.default_rng(0), two)) == 2
