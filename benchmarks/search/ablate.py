"""What each part of the Gaussian process is worth: the same searches with and without it.

    build/peers/bin/python benchmarks/search/ablate.py                    all parts, develop half, 1 seed: an hour of one core
    python benchmarks/search/ablate.py --problems branin tree --only bends
    python benchmarks/search/ablate.py --table                           what is there

Each line of results/ablation.jsonl is a search; what is there for the same version of the sources is not run again. Printed for
each part: how much the mean normalised regret rises without it, with its standard error over problems, at 20, 50 and 100
evaluations; a positive number says that the part is worth having. Only the develop half, never the report half.
"""

import argparse
import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from normalise import scales
from problems import Problem, problems
from run import version_of

from tunewright.metric import Metric
from tunewright.models import climb, features, gaussian_process
from tunewright.samplers import gp
from tunewright.study import Study
from tunewright.typing import Array

__all__: list[str] = []

RESULTS: Final = Path(__file__).resolve().parents[1] / "results" / "ablation.jsonl"
AFTER: Final = (20, 50, 100)


def standardised(losses: Array) -> tuple[Array, Array]:
    """In place of `as_seen`: zero mean and unit variance, and nothing else."""
    y = np.clip(losses, -1e150, 1e150)
    deviation = float(y.std())
    if not deviation or not np.isfinite(1 / deviation):
        return np.zeros(len(y)), np.zeros(len(y))
    return (y - y.mean()) / deviation, np.full(len(y), 1 / deviation)


def every_flag(space: Any) -> features.Features:  # noqa: ANN401
    """In place of `Features`: a flag for each condition, also where the codes of choices say already whether it holds."""
    made = features.Features(space)
    first = {str(when): space.names.index(name) for name, when in reversed(space.when.items())}
    made.n_codes += len(first) - len(made.flag_columns)
    sizes = np.bincount(made.code_of_level).tolist()[: len(made.choice_columns)] + [2] * len(first)
    made.flag_columns = np.array(sorted(first.values()), np.intp)
    made.code_of_level = np.repeat(np.arange(len(sizes)), sizes)
    made._offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)  # noqa: SLF001
    return made


PARTS: Final[dict[str, tuple[tuple[Any, str, Any], ...]]] = {
    "nothing": (),
    "fence": ((gp, "as_seen", standardised),),
    "penalty on short lengths": ((gaussian_process, "_SHORT", 0.0),),
    "bends": ((gaussian_process, "_BENT", (10**9, 0)),),
    "ends of ranges": ((climb, "_at_ends", lambda _, rows, __: rows),),
    "one parameter at a time": ((climb, "_exchange", lambda _, rows, __: rows),),
    "gradient": ((climb, "_polish", lambda _, rows, __: rows),),
    "mutation of the best": ((gp, "_ELITE", 0),),
    "flags of numbers only (a flag for each condition)": ((gp, "Features", every_flag),),
    "fit after every trial (8 % apart)": ((gp, "EACH", 12), (gp, "_GROWTH", 1.08)),
    "every tenth from the sequence": ((gp, "_ELSEWHERE", 10**9),),
    "every second open-minded": ((gp, "_LITTLE", -1e9),),
}
"""What is replaced by what; a part is named by what is missing."""


@contextlib.contextmanager
def without(part: str) -> Iterator[None]:
    before = [(module, name, getattr(module, name)) for module, name, _ in PARTS[part]]
    for module, name, value in PARTS[part]:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def search(problem: Problem, seed: int, budget: int) -> list[float]:
    """The loss without noise of what was measured best, after each evaluation."""
    noise = np.random.default_rng([zlib.crc32(problem.name.encode()), seed])
    study = Study(problem.space, Metric("loss", "minimize"), sampler=gp.GP(), seed=seed, repeats=True)
    lowest, best = np.inf, np.inf
    trajectory = []
    for _ in range(budget):
        task = study.ask()
        truth = problem.loss(problem.space.validate(task.params))
        told = truth + problem.noise * float(noise.standard_normal())
        study.tell(task, told, seconds=0.0)
        if told < lowest:
            lowest, best = told, truth
        trajectory.append(float(f"{best:.9g}"))
    return trajectory


def table(rows: list[dict[str, Any]]) -> None:
    scale = scales()
    found: dict[str, dict[tuple[str, int], Array]] = {}
    for row in rows:
        best, middle = scale[row["problem"]]["optimum"], scale[row["problem"]]["median"]
        found.setdefault(row["without"], {})[row["problem"], row["seed"]] = (np.array(row["best"]) - best) / (middle - best)
    whole = found.get("nothing", {})
    print("| without | searches | " + " | ".join(f"at {after}" for after in AFTER) + " |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for part in PARTS:
        keys = sorted(found.get(part, {}).keys() & whole.keys())
        if not keys:
            continue
        cells = []
        for after in (after for after in AFTER if after <= len(whole[keys[0]])):
            if part == "nothing":
                cells.append(f"regret {np.mean([whole[key][after - 1] for key in keys]):.3f}")
                continue
            rise = {key: found[part][key][after - 1] - whole[key][after - 1] for key in keys}
            means = [np.mean([rise[key] for key in keys if key[0] == name]) for name in dict.fromkeys(key[0] for key in keys)]
            error = np.std(means, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.nan
            cells.append(f"{np.mean(means):+.3f} ± {error:.3f}")
        print(f"| {part} | {len(keys)} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="*", default=["classic", "lcbench"])
    parser.add_argument("--only", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--table", action="store_true", help="print what is there, run nothing")
    given = parser.parse_args()
    version, known = version_of(""), scales()
    rows = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    keys = ("problem", "seed", "without", "budget", "version")
    there = {tuple(row[key] for key in keys) for row in rows}
    parts = list(dict.fromkeys(["nothing", *given.only]))
    for seed in range(0 if given.table else given.seeds):
        for problem in problems(given.problems):
            for part in parts if problem.name in known else []:
                key = (problem.name, seed, part, given.budget, version)
                if key not in there and (not part.startswith("flags") or problem.space.when):
                    with without(part):
                        rows.append(dict(zip(keys, key, strict=True)) | {"best": search(problem, seed, given.budget)})
                    with RESULTS.open("a") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
    table([row for row in rows if row["version"] == (rows[-1]["version"] if given.table else version)])


if __name__ == "__main__":
    main()
