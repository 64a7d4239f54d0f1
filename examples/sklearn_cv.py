"""Cross-validation with folds as tasks: each fold of each configuration is a unit of work, kept in the journal, run in two processes.

python examples/sklearn_cv.py [trials]
"""

import sys

from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import tunewright as tw
from tunewright import param
from tunewright.schedulers import Once

X, y = load_wine(return_X_y=True)
FOLDS = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))


def judge(live: tw.LiveTrial) -> dict[str, float]:
    """The accuracy of one configuration on one fold, and on what it was trained with."""
    train, test = FOLDS[live.fold or 0]
    svm = SVC(C=live["C"], kernel=live["kernel"], gamma=live.get("gamma", "scale"))
    model = make_pipeline(StandardScaler(), svm).fit(X[train], y[train])
    return {"accuracy": model.score(X[test], y[test]), "train": model.score(X[train], y[train])}


space = tw.SearchSpace(
    {
        "C": tw.Float(1e-2, 1e3, log=True, default=1.0),
        "kernel": tw.Categorical(["rbf", "linear"]),
        "gamma": tw.Float(1e-4, 1.0, log=True),
    },
    when={"gamma": param("kernel") == "rbf"},
)
study = tw.Study(space, tw.Metric("accuracy", "maximize"), scheduler=Once(folds=5), seed=0)
study.enqueue({"C": 1.0, "kernel": "rbf", "gamma": 1 / X.shape[1]}, note="default")
study.optimize(judge, trials=int(sys.argv[1]) if len(sys.argv) > 1 else 30, workers=2)

for label, trial in (("default", study.history.trial(0)), ("best", study.best)):
    folds = "  ".join(f"{done.values['accuracy']:.3f}" for done in trial.measurements if done.values is not None)
    print(f"{label:<8} {trial.value:.4f}   folds: {folds}   {trial.params}")
print("The best of many is a little lucky: judge it once more, on data that the search has not seen.")
