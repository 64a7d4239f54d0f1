"""Searches as in scikit-learn's gallery, with `SearchCV` where they have `RandomizedSearchCV` or `GridSearchCV`; smaller, to run in seconds.

python examples/sklearn_gallery.py
"""

import numpy as np
from scipy.stats import loguniform, uniform
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import NMF, PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, SelectPercentile, chi2
from sklearn.gaussian_process.kernels import ExpSineSquared
from sklearn.impute import SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

import tunewright as tw

RNG = np.random.default_rng(0)
DIGITS, NUMERALS = load_digits(return_X_y=True)
DIGITS, NUMERALS = DIGITS[:300] / 16, NUMERALS[:300]


def tell(title: str, search: tw.SearchCV) -> None:
    print(f"{title:<28} {search.best_score_:7.3f}  {len(search.cv_results_['params']):3} candidates  {search.best_params_}")


def linear_model_by_descent() -> None:
    given = {"average": [True, False], "l1_ratio": uniform(0, 1), "alpha": loguniform(1e-2, 1e0)}
    tell("randomized search", tw.SearchCV(SGDClassifier(penalty="elasticnet"), given, n_iter=6, cv=3).fit(DIGITS, NUMERALS))


def words() -> None:
    cold, warm = ["snow", "ice", "frost", "wind", "winter"], ["sun", "sand", "sea", "heat", "summer"]
    texts = [" ".join(RNG.choice([*words, "day", "walk", "house"], 8)) for words in (cold, warm) for _ in range(40)]
    pipeline = Pipeline([("vect", TfidfVectorizer()), ("clf", ComplementNB())])
    given = {
        "vect__max_df": (0.4, 0.6, 0.8, 1.0),
        "vect__ngram_range": ((1, 1), (1, 2)),
        "vect__norm": ("l1", "l2"),
        "clf__alpha": np.logspace(-6, 6, 13),
    }
    tell("text features", tw.SearchCV(pipeline, given, n_iter=6, cv=3, random_state=0).fit(texts, np.repeat([0, 1], 40)))


def faces_or_numerals() -> None:
    components = PCA(n_components=25, whiten=True).fit_transform(DIGITS)
    given = {"C": loguniform(1e3, 1e5), "gamma": loguniform(1e-4, 1e-1)}
    tell("eigenfaces and an SVM", tw.SearchCV(SVC(class_weight="balanced"), given, n_iter=6, cv=3).fit(components, NUMERALS))


def mixed_types() -> None:
    frame = load_wine(as_frame=True).frame
    target = frame.pop("target")
    frame["shade"] = np.where(frame["hue"] > 1, "dark", "light").astype(object)
    frame.loc[::9, "alcohol"] = np.nan
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    levels = make_pipeline(OneHotEncoder(handle_unknown="ignore"), SelectPercentile(chi2))
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")), (levels, make_column_selector(dtype_exclude="number"))
    )
    given = {
        "columntransformer__pipeline-1__simpleimputer__strategy": ["mean", "median"],
        "columntransformer__pipeline-2__selectpercentile__percentile": [50, 75, 100],
        "logisticregression__C": [0.1, 1.0, 10, 100],
    }
    tell(
        "columns of mixed types",
        tw.SearchCV(make_pipeline(columns, LogisticRegression()), given, n_iter=6, cv=3).fit(frame, target),
    )


def periods() -> None:
    x = RNG.uniform(0, 20, 80)[:, None]
    y = np.sin(x[:, 0]) + RNG.normal(0, 0.2, 80)
    given = {
        "alpha": loguniform(1e-3, 1e1),
        "kernel__length_scale": loguniform(1e-1, 1e1),
        "kernel__periodicity": loguniform(1e0, 1e1),
    }
    tell("kernel ridge", tw.SearchCV(KernelRidge(kernel=ExpSineSquared()), given, n_iter=15, random_state=0).fit(x, y))


def which_reduction() -> None:
    pipeline = Pipeline([("scaling", MinMaxScaler()), ("reduce_dim", "passthrough"), ("classify", LinearSVC(dual=False))])
    given = [
        {"reduce_dim": [PCA(), NMF(max_iter=300, tol=1e-2)], "reduce_dim__n_components": [4, 8, 16], "classify__C": [1, 10]},
        {"reduce_dim": [SelectKBest(chi2)], "reduce_dim__k": [4, 8, 16], "classify__C": [1, 10]},
    ]
    tell("which reduction", tw.SearchCV(pipeline, given, n_iter=6, cv=3, random_state=0).fit(DIGITS, NUMERALS))


def several_metrics() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    search = tw.SearchCV(
        DecisionTreeClassifier(random_state=0),
        {"min_samples_split": range(2, 403, 20)},
        n_iter=6,
        scoring={"AUC": "roc_auc", "Accuracy": "accuracy"},
        refit="AUC",
        cv=3,
        return_train_score=True,
    )
    tell("several metrics", search.fit(X, y))


def recall_where_precision_is_high() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    seen, unseen, y_seen, y_unseen = train_test_split(X, y, stratify=y, random_state=0)

    def chosen(results: dict[str, np.ndarray]) -> int:
        high = results["mean_test_precision"] >= 0.94
        return int(np.where(high, results["mean_test_recall"], -1).argmax())

    search = tw.SearchCV(
        make_pipeline(StandardScaler(), SVC()),
        {"svc__C": [0.1, 1, 10, 100], "svc__gamma": [1e-3, 1e-2, 1e-1], "svc__kernel": ["rbf", "linear"]},
        n_iter=6,
        scoring=["precision", "recall"],
        refit=chosen,
        cv=StratifiedKFold(3),
    )
    search.fit(seen, y_seen)
    print(f"{'a refit of your own':<28} {search.best_estimator_.score(unseen, y_unseen):7.3f}  {search.best_params_}")


if __name__ == "__main__":  # what runs in other processes imports this file
    for search in (
        linear_model_by_descent,
        words,
        faces_or_numerals,
        mixed_types,
        periods,
        which_reduction,
        several_metrics,
        recall_where_precision_is_high,
    ):
        search()
