"""Neural networks: scikit-learn's perceptron, and a recipe for a training loop of your own in PyTorch.

The recipe is a space and nothing else: `space_for("PyTorch")` names what a training loop usually has, and your loop reads it. Its
defaults are PyTorch's own (AdamW's rate of 1e-3 and decay of 1e-2), or "off".
"""

from typing import Final

from tunewright.catalog.entries import Either, Entry, twins
from tunewright.space import Bool, Categorical, Float, Int, Normal, Ordinal

__all__ = ["ENTRIES"]
_BY_STEPS: Final = {"solver": ("adam", "sgd")}

ENTRIES: Final = (
    *twins(
        "MLP",
        {
            "hidden_layer_sizes": Categorical([[100], [50], [200], [50, 50], [100, 100], [100, 50, 25]], default=[100]),
            "activation": Categorical(["relu", "tanh", "logistic"], default="relu", prior=[3, 2, 1]),
            "alpha": Float(1e-7, 1.0, log=True, default=1e-4),
            "learning_rate_init": Float(1e-4, 1e-1, log=True, default=1e-3, prior=Normal(3e-3, 0.3)),
            "batch_size": Either(["auto"], Int(16, 512, log=True)),
            "early_stopping": Bool(default=False),
        },
        limits={"early_stopping": "rows to hold out"},
        only={"learning_rate_init": _BY_STEPS, "batch_size": _BY_STEPS, "early_stopping": _BY_STEPS},
        note="The learning rate first, by far; then the penalty. Scale the features, and the target too.",
        source="grinsztajn2022",
    ),
    Entry(
        "PyTorch",
        {
            "optimizer": Categorical(["adamw", "sgd"], default="adamw"),
            "lr": Float(1e-5, 1.0, log=True, default=1e-3, prior=Normal(1e-3, 0.25)),
            "weight_decay": Float(1e-6, 1.0, log=True, default=1e-2),
            "momentum": Float(0.0, 0.99, default=0.0, prior=Normal(0.9, 0.3)),
            "nesterov": Bool(default=False),
            "schedule": Categorical(["constant", "cosine", "one_cycle"], default="constant"),
            "warmup": Float(0.0, 0.2, default=0.0),
            "batch_size": Ordinal([16, 32, 64, 128, 256, 512], default=64),
            "dropout": Float(0.0, 0.6, default=0.0),
            "label_smoothing": Float(0.0, 0.2, default=0.0),
            "clip_norm": Either([None], Float(0.1, 10.0, log=True, default=1.0)),
        },
        "The learning rate first, by far; weight decay and the schedule next; the batch size for speed, not for accuracy.",
        "godbole2023",
        when={
            "momentum": ("optimizer", "sgd"),
            "nesterov": ("optimizer", "sgd"),
            "warmup": ("schedule", "cosine", "constant"),
        },
        library="torch",
    ),
)
