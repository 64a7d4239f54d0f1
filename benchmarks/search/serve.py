"""One tool in this process: it is asked and told over a pipe, a JSON value a line.

    python serve.py TOOL

    in   {"space": …, "seed": 0, "budget": 50, "given": [[params, loss], …]}    a new search
    out  {"version": …, "seconds": …}
    in   {"loss": 0.5} (null for the first)
    out  {"params": …, "seconds": wall time of tell and ask together, "cpu": the same in CPU seconds}

What the libraries print goes to the standard error. The losses are computed by whoever holds the pipe, so that all tools see the same.
"""

import json
import os
import random
import sys
import time
from typing import Any

import numpy as np
from tools import Tool, build

from tunewright.space import SearchSpace

__all__: list[str] = []


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    tool: Tool | None = None
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        answer: dict[str, Any]
        if "space" in asked:
            random.seed(asked["seed"])
            np.random.seed(asked["seed"])  # noqa: NPY002  some tools draw from the global state
            if "torch" in sys.modules:
                sys.modules["torch"].manual_seed(asked["seed"])
            tool, version = build(sys.argv[1], SearchSpace.from_json(asked["space"]), asked["seed"], asked["budget"])
            if "torch" in sys.modules:
                sys.modules["torch"].manual_seed(asked["seed"])
            for params, loss in asked.get("given", ()):
                tool.given(params, loss)
            answer = {"version": version}
        else:
            assert tool is not None, "The first line describes the search."
            if asked["loss"] is not None:
                tool.tell(asked["loss"])
            answer = {"params": tool.ask()}
        answer["seconds"], answer["cpu"] = time.perf_counter() - wall, time.process_time() - cpu
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
