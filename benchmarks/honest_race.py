"""A race beside full 5 x 2 cross-validation at the same number of fits, on real tables.

    PYTHONPATH=src python benchmarks/honest_race.py [seeds [first seed]]

Decision trees. For each seed, every table is divided anew: a third of the rows trains, the rest is the test set. 110 random configurations, the default
first, are fitted once on every fold and on all training rows. Both methods see them in the same order, 300 fits each: full
cross-validation judges 30, the race as many as it gets to. Printed: configurations seen, and the test score of the winner of each,
paired by seed and table; "taking" is what is won or lost where the race then recommends the default in place of its winner. "all" is
what full cross-validation of all the configurations that the race saw would have chosen, at several times the fits: the race loses by
what lies between it and that, and the rest is due to having seen more. "unchosen" is the mean score on the folds less the test score of
all configurations: what is due to this division, and to learning from four fifths of the rows.
"covers" says how often the claimed 95 % interval holds the winner's test score; then the same with the test set's own chance (DeLong et
al., Biometrics 44, 1988) added to the interval, which speaks of endless new rows and not of some hundred; then how often the test score
was worse than the wider interval, and how often better.

(Many orders of one division are no substitute for many divisions: the configurations that are best by its folds are the same ones in
every order, and so is their luck.)
"""

import math
import sys
import warnings

import numpy as np
from scipy import stats
from sklearn import datasets, set_config
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split
from sklearn.tree import DecisionTreeClassifier

from tunewright.analysis.generalization import by_folds
from tunewright.analysis.verdict import Generalization
from tunewright.schedulers import Race, Resume
from tunewright.space import Float, Int, SearchSpace
from tunewright.testing import Journal

CONFIGURATIONS, FITS = 110, 300
TREE = SearchSpace(
    {"max_depth": Int(1, 20, default=20), "min_samples_leaf": Int(1, 50, log=True, default=1), "max_features": Float(0.05, 1.0, default=1.0)}
)  # fmt: skip


def judged(params: dict, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> float:
    """Area under the curve, ties counted half."""
    said = DecisionTreeClassifier(random_state=0, **params).fit(*train).predict_proba(test[0])[:, 1]
    positive = test[1] == 1
    ranks, count = stats.rankdata(said), int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(said) - count)))


def chance(params: dict, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> float:
    """Standard error of `judged`, as far as it is due to which rows are in the test set."""
    said = DecisionTreeClassifier(random_state=0, **params).fit(*train).predict_proba(test[0])[:, 1]
    positive, negative = said[test[1] == 1][:, None], said[test[1] == 0]
    above = (positive > negative) + 0.5 * (positive == negative)
    return math.sqrt(sum(above.mean(axis=axis).var(ddof=1) / above.shape[1 - axis] for axis in (0, 1)))


def table(data: tuple[np.ndarray, np.ndarray], split: int) -> tuple[list, np.ndarray, np.ndarray, list[float]]:
    x, x_test, y, y_test = train_test_split(*data, train_size=1 / 3, stratify=data[1], random_state=split)
    rng = np.random.default_rng(split)
    configurations = [TREE.default, *(TREE.sample(rng) for _ in range(CONFIGURATIONS - 1))]
    folds = list(RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=split).split(x, y))
    scores = np.array([[judged(p, (x[a], y[a]), (x[b], y[b])) for a, b in folds] for p in configurations])
    each = [(p, (x, y), (x_test, y_test)) for p in configurations]
    return configurations, scores, np.array([judged(*one) for one in each]), [chance(*one) for one in each]


def raced(configurations: list, scores: np.ndarray, rng: np.random.Generator) -> tuple[int, int, Generalization]:
    """The winner of the race, how many it saw, and what it claims, as a loss."""
    journal, scheduler = Journal(TREE), Race(5, 2, confirm=0)
    for fits in range(FITS):
        decision = scheduler.decide(TREE, journal.history, rng)
        if isinstance(decision, Resume):
            trial, index = decision.trial, journal.send(decision.trial, fold=decision.fold, seed=decision.seed)
        elif len(journal.history) == CONFIGURATIONS or fits > FITS - 10:  # what could not be finished is not begun
            break
        else:
            trial, index = journal.ask(configurations[len(journal.history)], plan=decision.plan, fold=0), 0
        journal.tell(trial, 1 - scores[trial, index], index=index)
    worth = by_folds(journal.history)
    return journal.history.best.number, len(journal.history), worth


def odd() -> tuple[np.ndarray, np.ndarray]:
    x, y = datasets.load_digits(return_X_y=True)
    return x[:600], (y[:600] % 2).astype(int)


def main(seeds: int, first: int) -> None:
    warnings.simplefilter("ignore")
    set_config(assume_finite=True, skip_parameter_validation=True)
    cancer = datasets.load_breast_cancer(return_X_y=True)
    diabetes = datasets.load_diabetes(return_X_y=True)
    tables = [
        ("cancer", cancer), ("digits, odd", odd()), ("diabetes, above the mean", (diabetes[0], (diabetes[1] > 152).astype(int))),
    ]  # fmt: skip
    found: dict[str, list[list[float]]] = {}
    for seed in range(first, first + seeds):
        for name, data in tables:
            configurations, scores, tests, chances = table(data, seed)
            winner, seen, worth = raced(configurations, scores, np.random.default_rng(seed))
            chosen = 0 if worth.recommended == "default" else winner
            claimed, test, own = worth.winner, 1 - tests[winner], 1.96 * chances[winner]
            low = claimed.value - math.hypot(claimed.value - claimed.low, own)
            high = claimed.value + math.hypot(claimed.high - claimed.value, own)
            full = scores[: FITS // 10].mean(axis=1)
            best, all_best = int(np.argmax(full)), int(np.argmax(scores[:seen].mean(axis=1)))
            found.setdefault(name, []).append(
                [
                    seen,
                    tests[winner],
                    tests[best],
                    tests[all_best],
                    1 - worth.winner.value - tests[winner],
                    full[best] - tests[best],
                    tests[chosen] < tests[0],
                    tests[best] < tests[0],
                    1 - worth.raw - tests[winner],
                    claimed.low <= test <= claimed.high,
                    low <= test <= high,
                    tests[chosen] - tests[winner],
                    test > high,
                    test < low,
                    float(np.mean(scores.mean(axis=1) - tests)),
                ]
            )
        print(
            f"\n{seed + 1 - first} seeds{'':20}{'seen':>12}{'test score':>27}{'race better by':>21}{'p':>8}{'taking':>10}{'all better by':>20}{'claimed, raw, full - test':>32}{'unchosen':>10}{'covers: plain, with chance (worse, better)':>44}{'worse than default':>20}"
        )
        for name, rows in found.items():
            line(name, np.array(rows, float))
        line("all", np.concatenate([np.array(rows, float) for rows in found.values()]))


def line(name: str, part: np.ndarray) -> None:
    seen, race, full, _, off, full_off, worse, full_worse, raw_off, holds, wider, taken, worse_than, better_than, unchosen = (
        part.mean(axis=0)
    )
    apart, whole = part[:, 1] - part[:, 2], part[:, 3] - part[:, 2]
    error, whole_error = (each.std(ddof=1) / math.sqrt(len(each)) if len(each) > 1 else math.nan for each in (apart, whole))
    p = stats.wilcoxon(apart).pvalue if apart.any() else 1.0
    print(
        f"{name:32}{seen:5.0f} and {FITS // 10}{race:12.4f} and {full:.4f}{apart.mean():12.4f} ± {error:.4f}{p:8.2f}{taken:+10.4f}"
        f"{whole.mean():11.4f} ± {whole_error:.4f}{off:12.4f}, {raw_off:+.4f} and {full_off:+.4f}{unchosen:+12.4f}{holds:16.0%}, {wider:.0%} ({worse_than:.0%}, {better_than:.0%}){'':8}{worse:10.0%} and {full_worse:.0%}",
        flush=True,
    )


main(*(int(argument) for argument in (sys.argv[1:] + ["20", "0"][len(sys.argv) - 1 :])))
