from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tunewright.space import Bool, Categorical, Float, Int, Normal, SearchSpace

OLD: dict[str, Any] = {"lr": Float(0.01, 0.1), "opt": Categorical(["sgd", "adam"]), "momentum": Float(0, 1), "n": Int(1, 3)}


@pytest.mark.parametrize(
    ("new", "sentences"),
    [
        (SearchSpace(OLD), ()),
        (SearchSpace(OLD | {"lr": Float(0.01, 1)}), ("lr: high 0.1 -> 1.0",)),
        (
            SearchSpace(OLD | {"lr": Float(0.01, 0.1, log=True, default=0.05)}),
            ("lr: log false -> true", "lr: default none -> 0.05"),
        ),
        (
            SearchSpace(OLD | {"lr": Float(0.01, 0.1, prior=Normal(0.05, 0.1))}),
            ('lr: prior none -> {"center":0.05,"spread":0.1}',),
        ),
        (SearchSpace(OLD | {"n": Int(1, 3, step=2)}), ("n: step 1 -> 2",)),
        (SearchSpace(OLD | {"n": Float(1, 3)}), ("n: Int(1, 3) -> Float(1.0, 3.0)",)),
        (SearchSpace(OLD | {"opt": Categorical(["sgd", "adam", "rms"])}), ('opt: choice "rms" added',)),
        (SearchSpace(OLD | {"opt": Categorical(["adam"], "adam")}), ('opt: choice "sgd" removed', 'opt: default none -> "adam"')),
        (SearchSpace(OLD | {"opt": Categorical(["adam", "sgd"])}), ('opt: the order of the choices is "adam", "sgd"',)),
        (SearchSpace({name: OLD[name] for name in ("lr", "opt", "n")}), ("momentum: removed",)),
        (SearchSpace(OLD | {"flag": Bool()}), ("flag: added, Bool()",)),
        (SearchSpace(dict(reversed(OLD.items()))), ("the order of the parameters: n, momentum, opt, lr",)),
        (SearchSpace(OLD, when={"momentum": "opt == 'sgd'"}), ('momentum: active always -> when opt == "sgd"',)),
        (SearchSpace(OLD, constraints=["lr < momentum"]), ("constraint added: lr < momentum",)),
    ],
)
def test_each_change_is_a_sentence(new: SearchSpace, sentences: tuple[str, ...]) -> None:
    assert SearchSpace(OLD).diff(new) == sentences


def test_the_way_back_is_told_as_well() -> None:
    new = SearchSpace(OLD, when={"momentum": "opt == 'sgd'"}, constraints=["lr < 1", "n < 3"])

    assert new.diff(SearchSpace(OLD)) == (
        'momentum: active when opt == "sgd" -> always',
        "constraint removed: lr < 1",
        "constraint removed: n < 3",
    )
    assert new.diff(SearchSpace(OLD, when=new.when, constraints=["n < 3", "lr < 1"])) == (
        "the order of the constraints: n < 3; lr < 1",
    )


def test_spaces_differ_exactly_where_there_is_a_sentence(random_space: Callable[[np.random.Generator], SearchSpace]) -> None:
    rng = np.random.default_rng(5)
    spaces = [random_space(rng) for _ in range(40)]

    for one in spaces:
        for other in [*spaces, SearchSpace.from_json(one.to_json())]:
            assert bool(one.diff(other)) == (one != other)
