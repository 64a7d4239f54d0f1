import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.datasets import load_wine, make_blobs
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from tunewright.sklearn import SearchCV
from tunewright.unsupervised import Stability, agreement, reconstruction, silhouette

X, LABELS = make_blobs(90, 2, centers=[(0, 0), (9, 0), (0, 9)], random_state=0)
WINE, CULTIVARS = load_wine(return_X_y=True)
WINE = scale(WINE)


def means(k: int) -> KMeans:
    return KMeans(k, n_init=3, random_state=0)


def test_the_silhouette_is_best_for_the_number_of_clusters_that_there_are() -> None:
    scores = {k: silhouette(means(k).fit(X), X) for k in (2, 3, 4, 6)}

    assert max(scores, key=scores.__getitem__) == 3
    assert scores[3] > 0.7


@pytest.mark.parametrize("model", [DBSCAN(eps=100), DBSCAN(eps=1e-9, min_samples=1)], ids=["one cluster", "each row its own"])
def test_what_is_no_clustering_has_the_worst_silhouette(model: DBSCAN) -> None:
    assert silhouette(model.fit(X), X) == -1.0


@pytest.mark.parametrize(
    "model",
    [means(1), DBSCAN(eps=1e-9), DBSCAN(eps=1e-9, min_samples=1), AgglomerativeClustering(None, distance_threshold=0)],
    ids=["one cluster", "all noise", "each row its own", "a tree that is not cut"],
)
def test_what_is_no_clustering_is_not_stable(model) -> None:
    assert Stability()(model, X) == -0.5


def test_agreement_is_whole_for_the_same_partition_under_other_names() -> None:
    assert agreement(means(3).fit(X), X, LABELS) == 1.0
    assert agreement(means(2).fit(X), X, LABELS) < 0.7


def test_clusters_that_are_there_come_again_and_others_do_not() -> None:
    stability = Stability()

    assert stability(means(3), X) == 1.0
    assert stability(means(8), X) < 0.7
    assert stability(means(3), X) == stability(means(3), X)


def test_a_model_that_cannot_predict_is_judged_on_the_rows_it_was_fitted_to() -> None:
    model = AgglomerativeClustering(3).fit(X)

    assert silhouette(model, X) > 0.7
    with pytest.raises(ValueError, match=r"cannot predict.*cv=\[\(rows, rows\)\]"):
        silhouette(model, X[:50])


def test_the_clusters_of_a_pipeline_are_those_of_its_last_step() -> None:
    pipeline = make_pipeline(StandardScaler(), AgglomerativeClustering(3)).fit(X)

    assert silhouette(pipeline, X) > 0.7
    assert agreement(pipeline, X, LABELS) == 1.0
    with pytest.raises(ValueError, match="AgglomerativeClustering cannot predict, and was fitted to 90 rows"):
        silhouette(pipeline, X[:50])


@pytest.mark.parametrize("score", [silhouette, Stability(2)])
@pytest.mark.parametrize("model", [means(3), AgglomerativeClustering(3)])
def test_lists_are_tables(score, model) -> None:
    assert score(model.fit(X), X.tolist()) == score(model, X)


def test_rows_may_be_sparse() -> None:
    rows = csr_matrix(WINE)
    model = TruncatedSVD(4).fit(rows)

    assert reconstruction(model, rows) == pytest.approx(reconstruction(model, WINE))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # PCA's own, of its share of no variance
@pytest.mark.parametrize("value", [1.0, 0.1])
def test_rows_that_are_all_alike_are_restored_or_not(value: float) -> None:
    alike = np.full((5, 3), value)

    assert reconstruction(PCA(1).fit(alike), alike) == 1.0
    assert reconstruction(PCA(1).fit(alike + 1), alike) == 0.0


def test_more_components_restore_more_and_all_of_them_everything() -> None:
    seen, unseen = WINE[:120], WINE[120:]
    scores = [reconstruction(PCA(k).fit(seen), unseen) for k in (1, 4, 8, 13)]

    assert scores == sorted(scores)
    assert scores[-1] == pytest.approx(1)


@pytest.mark.parametrize("arguments", [{"parts": 1}, {"share": 0.5}, {"share": 1.0}])
def test_parts_must_overlap(arguments) -> None:
    with pytest.raises(ValueError, match="at least 2 parts of more than half"):
        Stability(**arguments)


def test_three_cultivars_of_wine_are_found_by_what_separates_them() -> None:
    scores = {"stable": Stability(4), "silhouette": silhouette, "agrees": agreement}
    rows = np.arange(len(WINE))
    searched = SearchCV(
        means(2), {"n_clusters": [2, 3, 4, 5, 6]}, n_iter=5, scoring=scores, refit="silhouette", cv=[(rows, rows)], random_state=0
    )

    found = searched.fit(WINE, CULTIVARS)

    by_clusters = {params["n_clusters"]: i for i, params in enumerate(found.cv_results_["params"])}
    stable = {k: found.cv_results_["mean_test_stable"][i] for k, i in by_clusters.items()}
    assert found.best_params_ == {"n_clusters": 3}
    assert found.cv_results_["mean_test_agrees"].argmax() == found.best_index_
    assert min(stable[2], stable[3]) > max(stable[4], stable[5], stable[6])
