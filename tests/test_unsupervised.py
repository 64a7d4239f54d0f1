import numpy as np
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.datasets import load_wine, make_blobs
from sklearn.decomposition import PCA
from sklearn.preprocessing import scale

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
