import math

import numpy as np
import pytest

from tunewright.errors import NoResult, SpaceExhausted, StudyError
from tunewright.history import History
from tunewright.samplers import Random, Sampler, propose_new
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param
from tunewright.testing import Journal, Problem, problems
from tunewright.typing import Params

FINITE = [problem for problem in problems() if problem.space.size <= 2000]


class AlwaysTheDefault(Sampler):
    """Asks for nothing new, ever: the hardest case for `propose_new`."""

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        return space.default


class XGBoostLike2Tuner(AlwaysTheDefault):
    pass


def rng(position: int = 0) -> np.random.Generator:
    return np.random.default_rng([0, position])


def until_exhausted(sampler: Sampler, space: SearchSpace) -> list[Params]:
    journal = Journal(space)
    while True:
        try:
            params = propose_new(sampler, space, journal.history, rng(len(journal.entries)))
        except SpaceExhausted:
            break
        journal.ask(params)
    return [trial.params for trial in journal.history.trials]


def test_label_is_the_class_name_in_lower_case_with_underscores() -> None:
    assert AlwaysTheDefault().label == "always_the_default"
    assert XGBoostLike2Tuner().label == "xgboost_like2_tuner"
    assert Random().label == "random"


def test_a_sampler_that_wants_a_result_before_there_is_one_is_named() -> None:
    class Greedy(Sampler):
        def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
            return history.best.params

    with pytest.raises(
        StudyError, match=r"Greedy\(\) asked for a result while it proposed trial 0, where 0 trials are completed"
    ) as raised:
        propose_new(Greedy(), SearchSpace({"x": Float(0, 1)}), Journal(SearchSpace({"x": Float(0, 1)})).history, rng())
    assert not isinstance(raised.value, NoResult)


def test_repr_is_the_call_without_arguments() -> None:
    assert repr(AlwaysTheDefault()) == "AlwaysTheDefault()"


def test_a_sampler_must_say_how_it_proposes() -> None:
    class Silent(Sampler):
        pass

    with pytest.raises(TypeError, match="propose"):
        Silent()  # type: ignore[abstract]


@pytest.mark.parametrize("problem", FINITE, ids=lambda problem: problem.name)
@pytest.mark.parametrize("sampler", [Random(), AlwaysTheDefault()], ids=repr)
def test_every_configuration_of_a_finite_space_comes_once(sampler: Sampler, problem: Problem) -> None:
    proposals = until_exhausted(sampler, problem.space)

    rows = {tuple(map(str, problem.space.row(params))) for params in proposals}
    assert len(proposals) == len(rows) == problem.space.size


def test_constraints_hold_to_the_last_configuration() -> None:
    space = SearchSpace({"a": Int(0, 9), "b": Int(0, 9)}, constraints=[param("a") + param("b") == 9])

    proposals = until_exhausted(Random(), space)

    assert sorted((params["a"], params["b"]) for params in proposals) == [(a, 9 - a) for a in range(10)]


def test_on_a_space_with_real_parameters_the_first_proposal_is_taken_as_it_is() -> None:
    space = SearchSpace({"x": Float(0, 1), "flag": Bool()})
    journal = Journal(space)
    journal.ask(space.default)

    assert math.isinf(space.size)
    assert propose_new(AlwaysTheDefault(), space, journal.history, rng()) == space.default


def test_it_uses_no_chance_but_the_one_given() -> None:
    space = SearchSpace({"a": Int(1, 30), "b": Bool()})
    journal = Journal(space)
    for a in range(1, 30):
        journal.ask({"a": a, "b": False})

    proposals = [propose_new(AlwaysTheDefault(), space, journal.folded(), rng(7)) for _ in range(3)]
    others = [propose_new(AlwaysTheDefault(), space, journal.history, rng(i)) for i in range(20)]

    assert proposals[0] == proposals[1] == proposals[2]
    assert len({str(params) for params in others}) > 1


def test_the_sampler_is_asked_as_often_as_told() -> None:
    asked = []

    class Counting(AlwaysTheDefault):
        def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
            asked.append(1)
            return super().propose(space, history, rng)

    space = SearchSpace({"kind": Categorical(("a", "b"))})
    journal = Journal(space)
    journal.ask(space.default)

    assert propose_new(Counting(), space, journal.history, rng(), tries=7) == {"kind": "b"}
    assert len(asked) == 7


def test_what_the_sampler_ends_with_is_heard() -> None:
    class Finished(Sampler):
        def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
            raise SpaceExhausted("my list is at its end")

    space = SearchSpace({"kind": Categorical(("a", "b"))})

    with pytest.raises(SpaceExhausted, match="my list is at its end"):
        propose_new(Finished(), space, Journal(space).history, rng())
