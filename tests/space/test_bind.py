from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tunewright.errors import SpaceError
from tunewright.space import Bool, Categorical, Float, Int, Ordinal, Parameter, SearchSpace, parse
from tunewright.space.bind import bind

PARAMETERS: dict[str, Parameter] = {
    "lr": Float(0, 1),
    "depth": Int(1, 12),
    "opt": Categorical(["sgd", "adam"]),
    "mixed": Categorical([1, 1.5, True, "x", None, [1]]),
    "powers": Categorical([2, 4, 8]),
    "sizes": Ordinal(["s", "m", "l"]),
    "sizes2": Ordinal(["s", "m", "l"]),
    "rising": Ordinal([1, 2, 5]),
    "falling": Ordinal([9, 3, 1]),
    "flag": Bool(),
    "truth": Categorical([True, False]),
}
CODES = {False: 0, None: 1, True: 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("opt == 'sdg'", 'opt has no choice "sdg" (choices: "sgd", "adam"). Did you mean "sgd"?'),
        ("opt in ['sgd', 'adm']", 'Did you mean "adam"?'),
        ("'sdg' != opt", 'has no choice "sdg"'),
        ("powers == 3", "has no choice 3"),
        ("flag == 1", "has no choice 1"),
        ("flag == 'true'", "has no choice"),
        ("lr == 'high'", 'lr is a number and never "high"'),
        ("lr == True", "lr is a number and never true"),
        ("depth in [1, 'x']", "is a number and never"),
        ("optt == 'sgd'", 'names "optt", which is no parameter. Did you mean "opt"?'),
        ("opt < 'sgd'", "opt is no number and has no order"),
        ("mixed > 1", "has no order"),
        ("opt + 1 > 2", "has no order"),
        ("flag > 0", "has no order"),
        ("lr < 'x'", "is no number"),
        ("sizes < 'xl'", "has no choice"),
        ("sizes < 1", "has no choice"),
        ("sizes < lr", "ordered by its choices"),
        ("sizes < rising", "ordered by its choices"),
        ("falling < 2", "has no choice 2"),
        ("lr", '"lr" stands alone but is not a Bool'),
        ("opt and flag", '"opt" stands alone'),
        ("true", "names no parameter"),
        ("1 < 2", "names no parameter"),
    ],
)
def test_an_expression_that_does_not_fit_its_space(text: str, says: str) -> None:
    with pytest.raises(SpaceError) as caught:
        bind(parse(text), PARAMETERS, "the constraint")

    assert says in str(caught.value)
    assert str(caught.value).startswith("the constraint (")


@pytest.mark.parametrize(
    "text",
    [
        "opt == 'sgd'",
        "'adam' == opt",
        "opt != 'sgd'",
        "opt in ['sgd']",
        "opt == mixed",
        "mixed == 1",
        "mixed == 1.0",
        "mixed == null",
        "mixed == [1]",
        "mixed != true",
        "mixed in [1, 'x', [1.0]]",
        "mixed == powers",
        "mixed == depth",
        "mixed != lr",
        "powers > 2",
        "powers * 2 == depth",
        "powers in [2, 8]",
        "powers == depth",
        "depth in [1, 2.0, 8]",
        "depth + 1 in [2, 9]",
        "1 / lr > 2",
        "1e308 * depth > 1",
        "lr / (depth - 1) <= 0.5",
        "lr - lr == 0",
        "lr < depth",
        "depth >= 3.5",
        "0.5 < lr",
        "sizes < 'l'",
        "'s' < sizes",
        "sizes <= sizes2",
        "sizes == sizes2",
        "rising < 3",
        "rising + 1 > depth",
        "rising < depth",
        "falling < 3",
        "falling >= 3",
        "falling == 3",
        "flag",
        "truth",
        "flag == truth",
        "flag == false",
        "not flag or lr > 0.5 and opt == 'sgd'",
        "(flag and false) or (lr > 0.5 or true) and depth > 2",
        "not (1 / lr > 2)",
    ],
)
def test_one_and_many_agree(text: str) -> None:
    rng = np.random.default_rng(0)
    space = SearchSpace(PARAMETERS)
    rows = space.from_unit(np.concatenate([rng.random((200, len(space))), np.zeros((1, len(space))), np.ones((1, len(space)))]))
    rows[rng.random(rows.shape) < 0.2] = np.nan
    bound = bind(parse(text), PARAMETERS, "the constraint")

    found = [bound.one(space.params(row)) for row in rows]

    assert [CODES[truth] for truth in found] == bound.many(rows).tolist()
    assert len(set(found)) > 1, "the rows should tell more than one value apart"


@pytest.mark.parametrize(
    ("text", "params", "found"),
    [
        ("sizes < 'l'", {"sizes": "m"}, True),
        ("sizes < 'l'", {"sizes": "l"}, False),
        ("falling < 3", {"falling": 9}, True),
        ("falling < 3", {"falling": 1}, False),
        ("rising < 3", {"rising": 2}, True),
        ("sizes <= sizes2", {"sizes": "l", "sizes2": "m"}, False),
    ],
)
def test_an_ordinal_is_ordered_by_its_choices(text: str, params: dict[str, Any], found: bool) -> None:
    assert bind(parse(text), PARAMETERS, "the constraint").one(params) is found


def test_a_condition_that_nests_too_deep_is_refused() -> None:
    condition = parse("lr > 0.5")
    for _ in range(3000):
        condition &= parse("lr > 0.5")

    with pytest.raises(SpaceError, match="nests too deep"):
        bind(condition, PARAMETERS, "the constraint")


@pytest.mark.parametrize("seed", range(100))
def test_one_and_many_agree_on_random_spaces(seed: int, random_space: Callable[[np.random.Generator], SearchSpace]) -> None:
    rng = np.random.default_rng([seed, 1])
    space = random_space(rng)
    rows = space.from_unit(rng.random((20, len(space))))
    rows[rng.random(rows.shape) < 0.2] = np.nan

    for expression in (*space.when.values(), *space.constraints):
        bound = bind(expression, space.parameters, "it")
        assert [CODES[bound.one(space.params(row))] for row in rows] == bound.many(rows).tolist()
