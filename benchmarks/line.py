"""What a report costs in the processes of an executor, with a line to the coordinator and without one.

    PYTHONPATH=src python benchmarks/line.py [--reports 2000] [--rounds 5]

A task of a `ProcessPoolExecutor` reports so many times and clocks each. In turns, so that what the machine suffers meets both: with its line, and where the coordinator
cannot listen (its reports then travel with the result). Printed are the median and the 95th percentile of each round, in milliseconds.
"""

import argparse
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from unittest.mock import patch

import numpy as np

import tunewright as tw


def clocked(live: tw.LiveTrial) -> dict[str, object]:
    """Report, and say how long each took."""
    seconds = []
    for step in range(int(live["reports"])):
        start = time.perf_counter()
        live.report(step, loss=1.0)
        seconds.append(time.perf_counter() - start)
    return {"loss": 1.0, "median": float(np.median(seconds)), "p95": float(np.percentile(seconds, 95))}


def measured(reports: int) -> tuple[float, float]:
    study = tw.Study({"reports": tw.Categorical([reports])}, tw.Metric("loss"))
    with ProcessPoolExecutor(1) as pool:
        study.optimize(clocked, trials=1, executor=pool)
    info = study.history.trial(0).measurements[0].info
    assert len(study.history.curve(0)) == reports
    return 1000 * info["median"], 1000 * info["p95"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    said = parser.parse_args()
    for number in range(said.rounds):
        line = measured(said.reports)
        with patch("tunewright.execution.crew.listener_for", side_effect=OSError("for comparison")), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            without = measured(said.reports)
        print(
            f"round {number}: with a line {line[0]:.3f} ms (95 %: {line[1]:.3f}), without {without[0]:.3f} ms ({without[1]:.3f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
