"""The scale on which regret is measured, fixed before any tool is run.

    python benchmarks/search/normalise.py                       the problems that normalisation.json does not have yet
    python benchmarks/search/normalise.py --report              of the report half too, for the final table
    python benchmarks/search/normalise.py 'svm-*' --again       these again

    normalised regret = (best so far - optimum) / (median of random - optimum)

so 1 is the loss of a middling random configuration, and 0 the best there is. The median is over `draws` independent uniform random
configurations, without noise. The optimum is the known one; else the least loss found by a search many times longer than any run of the
benchmark: the random configurations, then differential evolution on the unit cube (SciPy), choices and all, from several populations, most
of them with a third of the coordinates on a face of the cube, since surrogates often are best in a corner. For real models, where an
evaluation is dear, random configurations and then a local search by mutation. A later run may find a better one:
`table.py` then measures all tools from there.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from problems import OTHERS, REAL, Problem, problems
from scipy.optimize import differential_evolution

from tunewright.models.climb import mutate
from tunewright.models.features import Features
from tunewright.typing import Array

__all__ = ["PATH", "scales"]

PATH: Final = Path(__file__).with_name("normalisation.json")
_SEED: Final = 20_261_121
_ROUNDS: Final = 150
_POPULATION: Final = 15
_POPULATIONS: Final = 6
_LOCAL: Final = 200


def scales() -> dict[str, dict[str, Any]]:
    """By problem: `optimum`, `median`, and how they were found."""
    return json.loads(PATH.read_text()) if PATH.exists() else {}


def scale(problem: Problem) -> dict[str, Any]:
    """Measure one problem."""
    rng = np.random.default_rng(_SEED)
    rows = problem.space.sample_rows(rng, problem.draws)
    losses = _losses(problem, rows)
    found: dict[str, Any] = {"median": float(np.median(losses)), "draws": problem.draws, "best_random": float(losses.min())}
    if problem.optimum is not None:
        return {"optimum": problem.optimum, **found, "how": "optimum known"}
    if problem.group in {REAL, OTHERS}:
        best = _mutation(problem, rows, losses, rng)
        how = f"best of {problem.draws} random and {_LOCAL} mutations of the best ten"
    else:
        best, spent = _evolution(problem)
        how = f"best of {problem.draws} random and {spent} of differential evolution"
    return {"optimum": min(best, found["best_random"]), **found, "how": how}


def _losses(problem: Problem, rows: Array) -> Array:
    if problem.many is not None:
        return problem.many(rows)
    return np.array([problem.loss(problem.space.params(row)) for row in rows.tolist()])


def _mutation(problem: Problem, rows: Array, losses: Array, rng: np.random.Generator) -> float:
    features = Features(problem.space)
    for _ in range(_LOCAL):
        parent = rows[np.argsort(losses)[rng.integers(10)]][None, :]
        child = mutate(features, parent, rng.choice([0.2, 0.1, 0.05, 0.02], 1), rng)
        rows, losses = np.vstack([rows, child]), np.append(losses, problem.loss(problem.space.params(child[0].tolist())))
    return float(losses.min())


def _evolution(problem: Problem) -> tuple[float, int]:
    space = problem.space

    def losses(units: Array) -> Array:
        return _losses(problem, space.deactivate(space.from_unit(units.T)))

    found = []
    for seed in range(_POPULATIONS):
        rng = np.random.default_rng([_SEED, seed])
        first = rng.random((_POPULATION * len(space), len(space)))
        on_face = (rng.random(first.shape) < 1 / 3) & (seed > 0)
        first = np.where(on_face, np.round(first), first)
        found.append(
            differential_evolution(
                losses,
                [(0.0, 1.0)] * len(space),
                maxiter=_ROUNDS,
                init=first,
                tol=1e-10,
                rng=seed,
                polish=False,
                vectorized=True,
                updating="deferred",
            )
        )
    return min(float(each.fun) for each in found), sum(int(each.nfev) for each in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=["*"], help="names, groups or patterns")
    parser.add_argument("--report", action="store_true", help="the report half of LCBench too")
    parser.add_argument("--again", action="store_true", help="also those that are known")
    chosen = parser.parse_args()
    for problem in problems(chosen.problems, report=chosen.report):
        if chosen.again or problem.name not in scales():
            measured = scale(problem)
            print(problem.name, measured, flush=True)
            known = scales() | {problem.name: measured}
            PATH.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
