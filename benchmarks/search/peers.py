"""The peers beside Optuna: each with its own words for a space.

Seeds go to whatever takes one; where a library also draws from NumPy's or torch's global state, `serve.py` has seeded these.
"""

import logging
import math
import tempfile
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from translate import bounds_of, choices_of, complete, label, parent_of, trim

from tunewright.space import Float, Int, SearchSpace
from tunewright.typing import Params

__all__ = ["Ax", "Hebo", "Hyperopt", "Rustuna", "ScikitOptimize", "Smac"]


class Rustuna:
    """Optuna in Rust: its TPE, which is all it has that is faster; experimental."""

    package = "rustuna"

    def __init__(self, space: SearchSpace, seed: int, _: int) -> None:
        import rustuna  # noqa: PLC0415  only this tool needs it

        self._space = space
        self._study = rustuna.create_study(sampler=rustuna.samplers.TPESampler(seed=seed))

    def ask(self) -> Params:
        self._trial = self._study.ask()
        found: Params = {}
        for name, parameter in self._space.parameters.items():
            condition = self._space.when.get(name)
            if condition is not None and condition.evaluate(found) is not True:
                continue
            choices = choices_of(parameter)
            if choices is not None:
                found[name] = self._trial.suggest_categorical(name, choices)
            else:
                low, high, log = bounds_of(parameter)
                suggest = self._trial.suggest_float if isinstance(parameter, Float) else self._trial.suggest_int
                found[name] = suggest(name, low, high, log=log)
        return found

    def tell(self, loss: float) -> None:
        self._study.tell(self._trial.number, loss)

    def given(self, params: Params, loss: float) -> None:
        self._study.enqueue_trial(params)
        self.ask()
        self.tell(loss)


class Hyperopt:
    """TPE on a nested space: a choice holds what it makes active."""

    package = "hyperopt"

    def __init__(self, space: SearchSpace, seed: int, _: int) -> None:
        import hyperopt  # noqa: PLC0415  only this tool needs it

        self._hyperopt, self._space = hyperopt, space
        self._rng = np.random.default_rng(seed)
        roots = [name for name in space.names if parent_of(space, name) is None]
        self._nested = {name: self._term(name, "") for name in roots}
        self._domain = hyperopt.base.Domain(lambda params: params, self._nested)
        self._trials = hyperopt.Trials()

    def _term(self, name: str, above: str) -> Any:  # noqa: ANN401  a node of Hyperopt's graph
        hp, parameter = self._hyperopt.hp, self._space.parameters[name]
        here = f"{above}{name}"  # a parameter that is active under several values has a node under each
        choices = choices_of(parameter)
        if choices is None:
            low, high, log = bounds_of(parameter)
            if isinstance(parameter, Float):
                return hp.loguniform(here, math.log(low), math.log(high)) if log else hp.uniform(here, low, high)
            if log:
                return hp.qloguniform(here, math.log(low - 0.5 + 1e-9), math.log(high + 0.5 - 1e-9), 1)
            return hp.uniformint(here, low, high)
        options = []
        for i, choice in enumerate(choices):
            below = [child for child in self._space.names if self._hangs(child, name, choice)]
            options.append({"is": i, **{child: self._term(child, f"{here}={i}/") for child in below}})
        return hp.choice(here, options)

    def _hangs(self, child: str, name: str, choice: Any) -> bool:  # noqa: ANN401  a value of any kind
        parent = parent_of(self._space, child)
        return parent is not None and parent[0] == name and any(value is choice or value == choice for value in parent[1])

    def _flat(self, nested: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in nested.items():
            if isinstance(value, dict):
                choices = choices_of(self._space.parameters[name]) or []
                found[name] = choices[value["is"]]
                found |= self._flat({child: below for child, below in value.items() if child != "is"})
            else:
                found[name] = value
        return found

    def ask(self) -> Params:
        ids = self._trials.new_trial_ids(1)
        self._trials.refresh()
        seed = int(self._rng.integers(2**31 - 1))
        documents = self._hyperopt.tpe.suggest(ids, self._domain, self._trials, seed)
        self._take(documents)
        values = {key: value[0] for key, value in self._document["misc"]["vals"].items() if value}
        return trim(self._space, self._flat(self._hyperopt.space_eval(self._nested, values)))

    def _take(self, documents: list[Any]) -> None:
        self._trials.insert_trial_docs(documents)
        self._trials.refresh()
        self._document = self._trials._dynamic_trials[-1]  # noqa: SLF001  Hyperopt has no public ask and tell

    def tell(self, loss: float) -> None:
        self._document["state"] = self._hyperopt.JOB_STATE_DONE
        self._document["result"] = {"loss": loss, "status": self._hyperopt.STATUS_OK}
        self._trials.refresh()

    def given(self, params: Params, loss: float) -> None:
        values: dict[str, list[Any]] = {}
        for name, value in params.items():
            choices = choices_of(self._space.parameters[name])
            values[name] = [value if choices is None else choices.index(value)]
        number = self._trials.new_trial_ids(1)[0]
        misc = {
            "tid": number,
            "cmd": self._domain.cmd,
            "workdir": None,
            "vals": values,
            "idxs": {name: [number] for name in values},
        }
        self._take(self._trials.new_trial_docs([number], [None], [self._domain.new_result()], [misc]))
        self.tell(loss)


class ScikitOptimize:
    """`Optimizer` with its default Gaussian process, on a flat space."""

    package = "scikit-optimize"

    def __init__(self, space: SearchSpace, seed: int, _: int) -> None:
        import skopt  # noqa: PLC0415  only this tool needs it

        warnings.simplefilter("ignore")
        self._space = space
        dimensions = []
        for parameter in space.parameters.values():
            choices = choices_of(parameter)
            if choices is not None:
                dimensions.append(skopt.space.Categorical([label(choice) for choice in choices]))
            else:
                low, high, log = bounds_of(parameter)
                kind = skopt.space.Real if isinstance(parameter, Float) else skopt.space.Integer
                dimensions.append(kind(low, high, prior="log-uniform" if log else "uniform"))
        self._optimizer = skopt.Optimizer(dimensions, random_state=seed)
        self._given: list[tuple[list[Any], float]] = []

    def ask(self) -> Params:
        if self._given:  # one fit for all of them
            points, losses = zip(*self._given, strict=True)
            self._optimizer.tell(list(points), list(losses))
            self._given = []
        self._point = self._optimizer.ask()
        return trim(self._space, _from_labels(self._space, dict(zip(self._space.names, self._point, strict=True))))

    def tell(self, loss: float) -> None:
        self._optimizer.tell(self._point, loss)

    def given(self, params: Params, loss: float) -> None:
        self._given.append((list(_to_labels(self._space, complete(self._space, params)).values()), loss))


class Smac:
    """`HyperparameterOptimizationFacade`: a random forest; conditions by ConfigSpace."""

    package = "smac"

    def __init__(self, space: SearchSpace, seed: int, budget: int) -> None:
        import ConfigSpace  # noqa: PLC0415  only this tool needs it
        import smac  # noqa: PLC0415  the same

        self._space, self._cs, self._smac = space, ConfigSpace, smac
        self._configurations = self._translate()
        scenario = smac.Scenario(
            self._configurations, n_trials=max(budget, 2000), seed=seed, deterministic=True, output_directory=tempfile.mkdtemp()
        )
        facade = smac.HyperparameterOptimizationFacade
        design = facade.get_initial_design(scenario, n_configs=min(10 * len(space), budget // 4))
        self._facade = facade(scenario, _never, initial_design=design, overwrite=True, logging_level=logging.ERROR)

    def _translate(self) -> Any:  # noqa: ANN401  a ConfigurationSpace
        cs = self._cs
        found = cs.ConfigurationSpace(seed=0)
        for name, parameter in self._space.parameters.items():
            choices = choices_of(parameter)
            if choices is not None:
                found.add(cs.Categorical(name, [label(choice) for choice in choices], default=label(parameter.default_value)))
            else:
                low, high, log = bounds_of(parameter)
                kind = cs.Float if isinstance(parameter, Float) else cs.Integer
                found.add(kind(name, (low, high), log=log, default=parameter.default_value))
        for name in self._space.names:
            parent = parent_of(self._space, name)
            if parent is not None:
                found.add(cs.InCondition(found[name], found[parent[0]], [label(value) for value in parent[1]]))
        return found

    def ask(self) -> Params:
        self._info = self._facade.ask()
        return trim(self._space, _from_labels(self._space, complete(self._space, {}) | dict(self._info.config)))

    def tell(self, loss: float) -> None:
        self._facade.tell(self._info, self._smac.runhistory.TrialValue(cost=loss), save=False)

    def given(self, params: Params, loss: float) -> None:
        known = self._cs.Configuration(self._configurations, values=_to_labels(self._space, params))
        info = self._smac.runhistory.TrialInfo(known, seed=0)
        self._facade.tell(info, self._smac.runhistory.TrialValue(cost=loss), save=False)


def _never(config: object, seed: int = 0) -> float:
    raise NotImplementedError("SMAC3 is asked and told, and never calls this.")


class Hebo:
    """HEBO, on a flat space."""

    package = "HEBO"

    def __init__(self, space: SearchSpace, seed: int, _: int) -> None:
        from hebo.design_space.design_space import DesignSpace  # noqa: PLC0415  only this tool needs it
        from hebo.optimizers.hebo import HEBO  # noqa: PLC0415  the same

        warnings.simplefilter("ignore")
        self._space = space
        described = []
        for name, parameter in space.parameters.items():
            choices = choices_of(parameter)
            if choices is not None:
                described.append({"name": name, "type": "cat", "categories": [label(choice) for choice in choices]})
            else:
                low, high, log = bounds_of(parameter)
                kind = ("pow" if log else "num") if isinstance(parameter, Float) else ("pow_int" if log else "int")
                described.append({"name": name, "type": kind, "lb": low, "ub": high})
        self._hebo = HEBO(DesignSpace().parse(described), scramble_seed=seed)

    def ask(self) -> Params:
        self._frame = self._hebo.suggest(n_suggestions=1)
        return trim(self._space, _from_labels(self._space, self._frame.iloc[0].to_dict()))

    def tell(self, loss: float) -> None:
        self._hebo.observe(self._frame, np.array([[loss]]))

    def given(self, params: Params, loss: float) -> None:
        import pandas as pd  # noqa: PLC0415  only this tool needs it

        full = _to_labels(self._space, complete(self._space, params))
        self._hebo.observe(pd.DataFrame([full]), np.array([[loss]]))


class Ax:
    """`Client` with its default generation strategy (Sobol, then BoTorch)."""

    package = "ax-platform"

    def __init__(self, space: SearchSpace, seed: int, _: int) -> None:
        from ax.api.client import Client  # noqa: PLC0415  only this tool needs it
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig  # noqa: PLC0415  the same

        logging.disable(logging.WARNING)
        warnings.simplefilter("ignore")
        self._space = space
        parameters: list[Any] = []
        for i, parameter in enumerate(space.parameters.values()):
            choices = choices_of(parameter)
            if choices is not None:
                labels = [label(choice) for choice in choices]
                parameters.append(ChoiceParameterConfig(name=f"p{i}", values=labels, parameter_type="str", is_ordered=False))
            else:
                low, high, log = bounds_of(parameter)
                kind = "int" if isinstance(parameter, Int) else "float"
                scaling = "log" if log else None
                parameters.append(RangeParameterConfig(name=f"p{i}", bounds=(low, high), parameter_type=kind, scaling=scaling))
        self._client = Client(random_seed=seed)
        self._client.configure_experiment(parameters=parameters)
        self._client.configure_optimization(objective="-loss")

    def ask(self) -> Params:
        ((self._index, values),) = self._client.get_next_trials(max_trials=1).items()
        named = {name: values[f"p{i}"] for i, name in enumerate(self._space.names)}
        return trim(self._space, _from_labels(self._space, named))

    def tell(self, loss: float) -> None:
        self._client.complete_trial(trial_index=self._index, raw_data={"loss": loss})

    def given(self, params: Params, loss: float) -> None:
        full = _to_labels(self._space, complete(self._space, params))
        self._index = self._client.attach_trial({f"p{i}": full[name] for i, name in enumerate(self._space.names)})
        self.tell(loss)


def _to_labels(space: SearchSpace, params: Params) -> dict[str, Any]:
    return {name: value if choices_of(space.parameters[name]) is None else label(value) for name, value in params.items()}


def _from_labels(space: SearchSpace, values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    for name, parameter in space.parameters.items():
        choices = choices_of(parameter)
        if choices is not None:
            found[name] = next(choice for choice in choices if label(choice) == str(found[name]))
    return found
