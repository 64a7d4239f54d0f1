"""A race beside full 5 x 2 cross-validation at the same number of fits, on real tables.

    PYTHONPATH=src python benchmarks/honest_race.py [orders]

For each table, 150 random configurations are fitted once on every fold and on all training rows (a third; the rest is the test set).
Then both methods see them in many random orders, the default first, 300 fits each: full cross-validation judges 30, the race as many as
it gets to. Printed: configurations seen, and the test score of what each recommends, paired by order.
"""

import math
import sys
import time
import warnings

import numpy as np
from sklearn import datasets
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tunewright.analysis.generalization import by_folds
from tunewright.schedulers import Race, Resume
from tunewright.space import Float, Int, SearchSpace
from tunewright.testing import Journal

CONFIGURATIONS, FITS = 150, 300
TREE = SearchSpace(
    {"max_depth": Int(1, 20, default=20), "min_samples_leaf": Int(1, 50, log=True, default=1), "max_features": Float(0.05, 1.0, default=1.0)}
)  # fmt: skip
SVM = SearchSpace({"C": Float(1e-3, 1e3, log=True, default=1.0), "gamma": Float(1e-5, 1e1, log=True, default=0.03)})


def judged(
    model: SVC | DecisionTreeClassifier, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]
) -> float:
    (x, y), (x_test, y_test) = train, test
    scale = StandardScaler().fit(x)
    model.fit(scale.transform(x), y)
    said = (
        model.decision_function(scale.transform(x_test))
        if isinstance(model, SVC)
        else model.predict_proba(scale.transform(x_test))[:, 1]
    )
    return float(roc_auc_score(y_test, said))


def table(kind: str, data: tuple[np.ndarray, np.ndarray], split: int) -> tuple[SearchSpace, list, np.ndarray, np.ndarray]:
    x, x_test, y, y_test = train_test_split(*data, train_size=1 / 3, stratify=data[1], random_state=split)
    space, rng = (TREE if kind == "tree" else SVM), np.random.default_rng(split)
    configurations = [space.default, *(space.sample(rng) for _ in range(CONFIGURATIONS - 1))]
    folds = list(RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=split).split(x, y))

    def model(params: dict[str, float]) -> SVC | DecisionTreeClassifier:
        return DecisionTreeClassifier(random_state=0, **params) if kind == "tree" else SVC(**params)

    scores = np.array([[judged(model(p), (x[a], y[a]), (x[b], y[b])) for a, b in folds] for p in configurations])
    tests = np.array([judged(model(p), (x, y), (x_test, y_test)) for p in configurations])
    return space, configurations, scores, tests


def raced(space: SearchSpace, configurations: list, scores: np.ndarray, rng: np.random.Generator) -> tuple[int, int, float]:
    """What the race recommends, how many it saw, and what it claims."""
    journal, scheduler = Journal(space), Race(5, 2, confirm=0)
    for fits in range(FITS):
        decision = scheduler.decide(space, journal.history, rng)
        if isinstance(decision, Resume):
            trial, index = decision.trial, journal.send(decision.trial, fold=decision.fold, seed=decision.seed)
        elif len(journal.history) == CONFIGURATIONS or fits > FITS - 10:  # what could not be finished is not begun
            break
        else:
            trial, index = journal.ask(configurations[len(journal.history)], plan=decision.plan, fold=0), 0
        journal.tell(trial, 1 - scores[trial, index], index=index)
    worth = by_folds(journal.history)
    chosen = 0 if worth.recommended == "default" else journal.history.best.number
    return chosen, len(journal.history), 1 - worth.winner.value


def main(orders: int) -> None:
    warnings.simplefilter("ignore")
    cancer = datasets.load_breast_cancer(return_X_y=True)
    digits = datasets.load_digits(return_X_y=True)
    odd = (digits[0][:600], (digits[1][:600] % 2).astype(int))
    rows = []
    print(
        f"{'':24}{'seen':>12}{'test score':>22}{'race better by':>20}{'claimed - test':>22}{'worse than default':>22}", flush=True
    )
    for kind, name, data, split in [
        ("tree", "cancer", cancer, 0), ("svm", "cancer", cancer, 1), ("tree", "digits, odd", odd, 2), ("svm", "digits, odd", odd, 3),
    ]:  # fmt: skip
        space, configurations, scores, tests = table(kind, data, split)
        found = []
        for order in range(orders):
            rng = np.random.default_rng(order)
            placed = np.r_[0, 1 + rng.permutation(CONFIGURATIONS - 1)]
            chosen, seen, claimed = raced(space, [configurations[i] for i in placed], scores[placed], rng)
            full = scores[placed[: FITS // 10]].mean(axis=1)
            best = int(np.argmax(full))
            race_test, full_test = tests[placed[chosen]], tests[placed[best]]
            found.append(
                [
                    seen,
                    race_test,
                    full_test,
                    claimed - race_test,
                    full[best] - full_test,
                    race_test < tests[0],
                    full_test < tests[0],
                ]
            )
        part = np.array(found, float)
        rows.append(part)
        line(f"{kind} on {name}", part)
    line("all", np.concatenate(rows))


def line(name: str, part: np.ndarray) -> None:
    seen, race, full, off, full_off, worse, full_worse = part.mean(axis=0)
    apart = part[:, 1] - part[:, 2]
    error = apart.std(ddof=1) / math.sqrt(len(apart))
    print(
        f"{name:24}{seen:5.0f} and {FITS // 10}{race:10.4f} and {full:.4f}{apart.mean():11.4f} ± {error:.4f}{off:12.4f} and {full_off:+.4f}{worse:12.0%} and {full_worse:.0%}"
        f"   ({time.process_time():.0f} s)",
        flush=True,
    )


main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
