"""The first study: a toy model with four hyperparameters, searched until 60 trials are finished. Run it again: it has nothing to do.

python examples/first.py [runs.db]
"""

import math
import sys

import tunewright as tw
from tunewright import param


def train(live: tw.LiveTrial) -> float:
    """A loss that is least, 0.1, at lr = 0.003, depth = 6, momentum = 0.9."""
    drag = (live["momentum"] - 0.9) ** 2 if live["opt"] == "sgd" else 0.3
    return 0.1 + math.log10(live["lr"] / 3e-3) ** 2 + 0.02 * (live["depth"] - 6) ** 2 + drag


space = tw.SearchSpace(
    {
        "lr": tw.Float(1e-5, 1e-1, log=True, default=1e-3),
        "depth": tw.Int(1, 12),
        "opt": tw.Categorical(["sgd", "adam"]),
        "momentum": tw.Float(0, 0.99),
    },
    when={"momentum": param("opt") == "sgd"},
)
file = sys.argv[1] if len(sys.argv) > 1 else "runs.db"
study = tw.Study(space, tw.Metric("loss", "minimize"), storage=f"sqlite:///{file}", name="first", seed=0)
study.optimize(train, trials=60)
print(f"best of {len(study.history)} trials: loss {study.best.value:.3f} (trial {study.best.number})")
for name, value in study.best.params.items():
    print(f"  {name:<9} {value:.4g}" if isinstance(value, float) else f"  {name:<9} {value}")
