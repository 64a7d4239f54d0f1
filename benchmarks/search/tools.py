"""Every tool behind the same three words: ask, tell, and given (a result that it did not ask for).

Each tool is used as its own documentation says, with its own defaults; a `Tool` sees the space, a seed, and the budget (only SMAC3 wants
to know it). Conditions are passed on where the tool has them (Optuna, Hyperopt, SMAC3; Ax gets a flat space); the others
(scikit-optimize, HEBO, CMA-ES of Optuna) get a flat space, as their users would have to write it: inactive parameters are proposed, and ignored by
the objective. A default configuration is nobody's business but that of the tool that takes it from the same space.

The dear imports stand in the constructors: a process has only the library of the tool it serves.
"""

import importlib.metadata
import warnings
from collections.abc import Callable
from typing import Any, ClassVar, Final, Protocol

from translate import bounds_of, choices_of

from tunewright.space import Float, Parameter, SearchSpace
from tunewright.typing import Params

__all__ = ["OURS", "PEERS", "TOOLS", "Tool", "build"]


class Tool(Protocol):
    """What runs a search."""

    package: ClassVar[str]
    """Whose version is recorded."""

    def ask(self) -> Params: ...
    def tell(self, loss: float) -> None: ...
    def given(self, params: Params, loss: float) -> None: ...


class Tunewright:
    """A study in memory, told as anybody would."""

    package = "tunewright"

    def __init__(self, sampler: str, space: SearchSpace, seed: int) -> None:
        from tunewright import samplers  # noqa: PLC0415  as in the docstring
        from tunewright.metric import Metric  # noqa: PLC0415
        from tunewright.study import Study  # noqa: PLC0415

        self._study = Study(space, Metric("loss", "minimize"), sampler=getattr(samplers, sampler)(), seed=seed, repeats=True)

    def ask(self) -> Params:
        self._task = self._study.ask()
        return self._task.params

    def tell(self, loss: float) -> None:
        self._study.tell(self._task, loss, seconds=0.0)

    def given(self, params: Params, loss: float) -> None:
        self._study.enqueue(params)
        self._study.tell(self._study.ask(), loss, seconds=0.0)


class Optuna:
    """Define-by-run, so conditions are an `if`."""

    package = "optuna"

    def __init__(self, sampler: str, space: SearchSpace, seed: int) -> None:
        import optuna  # noqa: PLC0415  as in the docstring

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        self._space, self._optuna = space, optuna
        self._study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed))

    def ask(self) -> Params:
        self._trial = self._study.ask()
        found: Params = {}
        for name, parameter in self._space.parameters.items():
            condition = self._space.when.get(name)
            if condition is None or condition.evaluate(found) is True:
                found[name] = self._suggest(name, parameter)
        return found

    def _suggest(self, name: str, parameter: Parameter) -> Any:  # noqa: ANN401  a value of any kind
        choices = choices_of(parameter)
        if choices is not None:
            return self._trial.suggest_categorical(name, choices)
        low, high, log = bounds_of(parameter)
        suggest = self._trial.suggest_float if isinstance(parameter, Float) else self._trial.suggest_int
        return suggest(name, low, high, log=log)

    def tell(self, loss: float) -> None:
        self._study.tell(self._trial, loss)

    def given(self, params: Params, loss: float) -> None:
        kinds = self._optuna.distributions
        distributions: dict[str, Any] = {}
        for name in params:
            parameter = self._space.parameters[name]
            choices = choices_of(parameter)
            if choices is not None:
                distributions[name] = kinds.CategoricalDistribution(choices)
            else:
                low, high, log = bounds_of(parameter)
                kind = kinds.FloatDistribution if isinstance(parameter, Float) else kinds.IntDistribution
                distributions[name] = kind(low, high, log=log)
        self._study.add_trial(self._optuna.trial.create_trial(params=params, distributions=distributions, value=loss))


def _tunewright(sampler: str) -> Callable[[SearchSpace, int, int], Tool]:
    return lambda space, seed, _: Tunewright(sampler, space, seed)


def _optuna(sampler: str) -> Callable[[SearchSpace, int, int], Tool]:
    return lambda space, seed, _: Optuna(sampler, space, seed)


def _peer(name: str) -> Callable[[SearchSpace, int, int], Tool]:
    def make(space: SearchSpace, seed: int, budget: int) -> Tool:
        import peers  # noqa: PLC0415  as in the docstring

        tool: Tool = getattr(peers, name)(space, seed, budget)
        return tool

    return make


OURS: Final = {
    "tunewright-gp": _tunewright("GP"),
    "tunewright-tpe": _tunewright("TPE"),
    "tunewright-quasi-random": _tunewright("QuasiRandom"),
    "tunewright-random": _tunewright("Random"),
    "tunewright-cmaes": _tunewright("CMAES"),
    "tunewright-evolution": _tunewright("Evolution"),
    "tunewright-auto": _tunewright("Auto"),
}
PEERS: Final = {
    "optuna-gp": _optuna("GPSampler"),
    "optuna-tpe": _optuna("TPESampler"),
    "optuna-cmaes": _optuna("CmaEsSampler"),
    "optuna-random": _optuna("RandomSampler"),
    "rustuna-tpe": _peer("Rustuna"),
    "hyperopt-tpe": _peer("Hyperopt"),
    "scikit-optimize-gp": _peer("ScikitOptimize"),
    "smac3": _peer("Smac"),
    "ax": _peer("Ax"),
    "hebo": _peer("Hebo"),
}
TOOLS: Final = OURS | PEERS


def build(tool: str, space: SearchSpace, seed: int, budget: int) -> tuple[Tool, str]:
    """A tool, ready to be asked, and the version of its package."""
    made = TOOLS[tool](space, seed, budget)
    return made, importlib.metadata.version(made.package) if made.package != "tunewright" else ""
