"""Histories to draw, one for each thing that can be the matter with a study."""

from collections.abc import Callable

import pytest

from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param
from tunewright.testing.journal import Journal

CONDITIONAL = SearchSpace(
    {"lr": Float(1e-4, 1e-1, log=True), "opt": Categorical(["adam", "sgd"]), "momentum": Float(0, 1)},
    when={"momentum": param("opt") == "sgd"},
)
PAIR = SearchSpace({"x": Float(0, 1), "y": Int(1, 5)})


def told(space: SearchSpace, values: list[float | None], metrics: tuple[Metric, ...] = (Metric("loss"),)) -> History:
    """Trials along a fixed path through the space; None is a failure."""
    journal = Journal(space, metrics)
    for i, value in enumerate(values):
        unit = [[(0.37 + 0.618 * i * (j + 1)) % 1.0 for j in range(len(space))]]
        trial = journal.ask(space.params(space.deactivate(space.from_unit(unit))[0]))
        if value is None:
            journal.fail(trial)
        elif len(metrics) == 1:
            journal.tell(trial, value)
        else:
            journal.tell(trial, {metric.name: value if k == 0 else 10.0 - value for k, metric in enumerate(metrics)})
    return journal.history


CASES: dict[str, Callable[[], History]] = {
    "no trial": lambda: told(PAIR, []),
    "one trial": lambda: told(PAIR, [1.0]),
    "two trials": lambda: told(PAIR, [1.0, 2.0]),
    "all failed": lambda: told(PAIR, [None, None, None]),
    "one parameter": lambda: told(SearchSpace({"x": Float(0, 1)}), [3.0, 1.0, 2.0, 0.5, 4.0]),
    "constant": lambda: told(PAIR, [1.0] * 6),
    "only choices": lambda: told(SearchSpace({"a": Categorical(["u", "v", "w"]), "b": Bool()}), [1.0, 2.0, 3.0, 1.5, 2.5, 3.5]),
    "conditional": lambda: told(CONDITIONAL, [3.0, 1.0, 2.0, None, 0.5, 4.0, 2.5, 1.5]),
    "far apart": lambda: told(PAIR, [1e300, 1.0, -1e300, 2.0, 3.0, 1e-300]),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> History:
    """Each of them."""
    return CASES[request.param]()


@pytest.fixture
def history_of() -> Callable[..., History]:
    """history_of(name of a case), or history_of(space, values, metrics)."""
    return lambda first, *rest: CASES[first]() if isinstance(first, str) else told(first, *rest)
