"""How well each tool searches: every tool on every problem with every seed, one at a time.

    python benchmarks/search/environments.py        once: the peers, into build/peers and build/hebo
    python benchmarks/search/run.py                 what is missing of: all tools, develop half, budget 100, 5 seeds (days of CPU)
    python benchmarks/search/run.py --quick         does it work: three small problems, budget 15, the tools that are here, under a minute
    python benchmarks/search/run.py --tools tunewright-gp optuna-gp --problems classic lcbench --budget 50 --seeds 3
    python benchmarks/search/run.py --report        the report half of LCBench too, for the final table only
    python benchmarks/search/run.py --latency       what a suggestion costs with n = 10, 100, 300, 1000 results behind

Each line of results/search.jsonl is one search; what is there for the same version is not run again. Then: python benchmarks/search/table.py
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from normalise import scales
from problems import Problem, problems
from tools import OURS, TOOLS

from tunewright.space import Bool, Categorical, Float, Int, SearchSpace
from tunewright.typing import Params

__all__ = ["RESULTS", "Server", "python_of", "search"]

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = ROOT / "benchmarks" / "results" / "search.jsonl"
LATENCY: Final = ROOT / "benchmarks" / "results" / "search-latency.jsonl"
QUICK: Final = ("branin", "sum-mixed-noisy", "tree")
MIXED: Final = SearchSpace(
    {f"x{i}": Float(-5, 5) for i in range(4)}
    | {"lr": Float(1e-5, 1e-1, log=True), "decay": Float(1e-6, 1.0, log=True), "n": Int(1, 100), "units": Int(8, 512, log=True)}
    | {"three": Categorical(("a", "b", "c")), "flag": Bool()}
)
"""Ten mixed parameters without conditions, where the cost of a suggestion is measured."""


def python_of(tool: str) -> Path:
    """The interpreter that has the tool: this one for Tunewright, else that of an environment under build/."""
    if tool in OURS:
        return Path(sys.executable)
    return ROOT / "build" / ("hebo" if tool == "hebo" else "peers") / "bin" / "python"


def version_of(told: str) -> str:
    """For Tunewright a fingerprint of what decides a proposal, since its version number does not move with every change."""
    if told:
        return told
    digest = hashlib.sha256()
    for package in ("samplers", "models", "space"):
        for path in sorted((ROOT / "src" / "tunewright" / package).glob("*.py")):
            digest.update(path.read_bytes())
    return "src-" + digest.hexdigest()[:8]


class Server:
    """A tool in its own process and environment; see `serve.py`."""

    def __init__(self, tool: str) -> None:
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            ["nice", "-n", "19", str(python_of(tool)), str(Path(__file__).with_name("serve.py")), tool],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if "TUNEWRIGHT_LOUD" not in os.environ else None,
            text=True,
            env=os.environ | one | {"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": "0"},
        )

    def send(self, **message: Any) -> dict[str, Any]:  # noqa: ANN401  JSON values of any kind
        """A line there, a line back.

        Raises:
            ChildProcessError: the process has ended.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # reading finds the end, and says so
        line = process.stdout.readline()
        if not line:
            raise ChildProcessError(f"ended with {process.wait()}; run with TUNEWRIGHT_LOUD=1 to see why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def search(server: Server, problem: Problem, seed: int, budget: int) -> dict[str, Any]:
    """One search: `best`, the loss without noise of what was measured best so far, and the seconds of each suggestion."""
    noise = np.random.default_rng([zlib.crc32(problem.name.encode()), seed])
    started = server.send(space=problem.space.to_json(), seed=seed, budget=budget)
    told: float | None = None
    lowest, best = np.inf, np.inf
    trajectory, seconds, cpu = [], [], []
    for _ in range(budget):
        answer = server.send(loss=told)
        truth = problem.loss(problem.space.validate(answer["params"]))
        told = truth + problem.noise * float(noise.standard_normal())
        if told < lowest:
            lowest, best = told, truth
        trajectory.append(float(f"{best:.9g}"))
        seconds.append(float(f"{answer['seconds']:.3g}"))
        cpu.append(float(f"{answer['cpu']:.3g}"))
    return {"version": version_of(started["version"]), "best": trajectory, "seconds": seconds, "cpu": cpu}


def latency(server: Server, n: int, seed: int, rounds: int) -> dict[str, Any]:
    """Seconds of tell and ask with n results behind, `rounds` times one after the other; at most a minute."""
    rng = np.random.default_rng(seed)
    given = [[params, _bowl(params)] for params in MIXED.sample(rng, n)]
    started = server.send(space=MIXED.to_json(), seed=seed, budget=n + rounds, given=given)
    told: float | None = None
    seconds, cpu = [], []
    limit = time.monotonic() + 60
    while len(seconds) < rounds + 1 and time.monotonic() < limit:
        answer = server.send(loss=told)
        told = _bowl(answer["params"])
        seconds.append(answer["seconds"])
        cpu.append(answer["cpu"])
    return {"version": version_of(started["version"]), "seconds": seconds[1:] or seconds, "cpu": cpu[1:] or cpu}


def _bowl(params: Params) -> float:
    unit = MIXED.to_unit(MIXED.rows([params]))[0]
    return float(((unit - 0.3) ** 2).sum())


def known(path: Path, *keys: str) -> set[tuple[Any, ...]]:
    """What is there, by these keys."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {tuple(record[key] for key in keys) for record in map(json.loads, lines)}


def missing(chosen: argparse.Namespace, path: Path) -> Iterator[tuple[str, Problem, list[int]]]:
    """What is left to do, seeds outermost in spirit: each (tool, problem) with the seeds that it lacks."""
    there = known(path, "tool", "problem", "seed", "budget", "version")
    ours = version_of("")
    has: dict[tuple[str, str, int], int] = {}
    for tool, problem, seed, budget, version in there:
        if tool not in OURS or version == ours:
            has[tool, problem, seed] = max(budget, has.get((tool, problem, seed), 0))
    for problem in problems(chosen.problems, report=chosen.report):
        for tool in chosen.tools:
            seeds = [seed for seed in range(chosen.seeds) if has.get((tool, problem.name, seed), 0) < chosen.budget]
            if seeds:
                yield tool, problem, seeds


def run(chosen: argparse.Namespace, path: Path) -> None:
    machine = {"python": platform.python_version(), "numpy": np.__version__, "processor": _processor()}
    absent = {tool for tool in chosen.tools if not python_of(tool).exists()}
    for tool in sorted(absent):
        print(f"{tool}: no {python_of(tool).relative_to(ROOT)}, left out. Make it with benchmarks/search/environments.py.")
    path.parent.mkdir(parents=True, exist_ok=True)
    for tool, problem, seeds in missing(chosen, path):
        if tool in absent:
            continue
        server = Server(tool)
        try:
            for seed in seeds:
                begun = time.perf_counter()
                found = search(server, problem, seed, chosen.budget)
                record = {"tool": tool, "problem": problem.name, "seed": seed, "budget": chosen.budget, **found, **machine}
                with path.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(
                    f"{tool:24} {problem.name:24} seed {seed}  {_regret(problem, found['best'])}  {time.perf_counter() - begun:7.1f} s",
                    flush=True,
                )
        except ChildProcessError as error:
            print(f"{tool:24} {problem.name:24} seed {seed}  {error}", flush=True)
        finally:
            server.close()


def _regret(problem: Problem, best: list[float]) -> str:
    scale = scales().get(problem.name)
    if scale is None:
        return f"best {best[-1]:.6g}"
    return f"regret {(best[-1] - scale['optimum']) / (scale['median'] - scale['optimum']):8.5f}"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def run_latency(chosen: argparse.Namespace) -> None:
    """Round after round every tool, so that what the machine suffers meets all of them."""
    LATENCY.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(chosen.seeds):
        for n in chosen.behind:
            for tool in chosen.tools:
                if not python_of(tool).exists():
                    continue
                server = Server(tool)
                try:
                    found = latency(server, n, seed, chosen.rounds)
                except ChildProcessError as error:
                    print(f"{tool:24} n={n:<5} {error}", flush=True)
                    continue
                finally:
                    server.close()
                record = {"tool": tool, "n": n, "seed": seed, **found, "processor": _processor()}
                with LATENCY.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(f"{tool:24} n={n:<5} median {1000 * float(np.median(found['cpu'])):9.2f} ms CPU", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", nargs="*", default=list(TOOLS), choices=TOOLS)
    parser.add_argument(
        "--problems", nargs="*", default=["*"], help="names, groups (classic, wide, real, lcbench, lcbench-report) or patterns"
    )
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--report", action="store_true", help="the report half of LCBench too")
    parser.add_argument("--latency", action="store_true", help="what a suggestion costs, instead of searching")
    parser.add_argument("--rounds", type=int, default=20, help="suggestions timed at each n")
    parser.add_argument("--behind", type=int, nargs="*", default=[10, 100, 300, 1000], help="how many results are known: each n")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    os.nice(19)
    if chosen.quick:
        quick = {"tunewright-gp", "tunewright-tpe", "tunewright-random", "optuna-tpe"}
        chosen.tools, chosen.problems = [tool for tool in TOOLS if tool in quick], list(QUICK)
        chosen.budget, chosen.seeds, chosen.out = 15, 1, ROOT / "build" / "search" / "quick.jsonl"
        chosen.out.unlink(missing_ok=True)
    if chosen.latency:
        run_latency(chosen)
    else:
        run(chosen, chosen.out)


if __name__ == "__main__":
    main()
