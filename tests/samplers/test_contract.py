"""Every sampler, on every problem, keeps the contract that anyone can run."""

import subprocess
import sys

import pytest

from tunewright import samplers
from tunewright.samplers import CMAES, GP, TPE, Auto, Evolution, Gradient, Grid, Manual, QuasiRandom, Random, Sampler
from tunewright.testing import Problem, check_sampler, problems

SAMPLERS = [
    Auto(),
    CMAES(population=4),
    Evolution(population=4),
    GP(initial=4),
    Gradient(starts=2),
    Grid(),
    Manual(),
    QuasiRandom(),
    Random(),
    TPE(startup=4),
]
UNFIT = {("CMAES", name) for name in ("categorical", "conditional", "nested", "steps", "one point", "thousand", "priors")}
UNFIT |= {("Gradient", name) for name in ("categorical", "integers", "steps", "one point", "thousand", "ordinal")}  # no Float
CASES = [
    (sampler, problem) for sampler in SAMPLERS for problem in problems() if (type(sampler).__name__, problem.name) not in UNFIT
]


@pytest.mark.parametrize(("sampler", "problem"), CASES, ids=lambda case: case.name if isinstance(case, Problem) else repr(case))
def test_every_sampler_keeps_the_contract(sampler: Sampler, problem: Problem) -> None:
    check_sampler(type(sampler)(**_arguments(sampler)), on=[problem])


@pytest.mark.parametrize("sampler", [Grid(3), QuasiRandom(), Random()], ids=repr)
def test_one_instance_serves_one_study_after_the_other(sampler: Sampler) -> None:
    check_sampler(sampler, trials=6)


def test_the_room_opens_what_its_stub_promises() -> None:
    assert all(getattr(samplers, name).__module__.startswith("tunewright.samplers.") for name in samplers.__all__)
    assert set(samplers.__all__) <= set(dir(samplers))
    with pytest.raises(AttributeError, match="Bayes"):
        samplers.Bayes  # type: ignore[attr-defined]  # noqa: B018


def test_only_the_quasi_random_sampler_waits_for_scipy() -> None:
    code = "import sys; from tunewright.samplers import Grid, Manual, Random; print('scipy.stats' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def _arguments(sampler: Sampler) -> dict[str, object]:
    return {name: value for name, value in vars(sampler).items() if not name.startswith("_")}
