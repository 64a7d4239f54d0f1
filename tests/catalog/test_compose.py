import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA, KernelPCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, RobustScaler, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from tunewright.catalog import Shape, labelled, settings, space_for
from tunewright.catalog.compose import ENTRIES, own_params
from tunewright.errors import SpaceError
from tunewright.space import Int, Ordinal, SearchSpace, param

RNG = np.random.default_rng(0)


def test_the_catalogue_knows_more_than_forty_estimators_of_every_kind() -> None:
    assert len(ENTRIES) >= 90
    assert {"LogisticRegression", "Ridge", "KMeans", "PCA", "SelectKBest", "OneHotEncoder", "XGBClassifier"} <= set(ENTRIES)
    assert {"LGBMRegressor", "CatBoostClassifier", "PyTorch"} <= set(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_every_space_goes_to_json_and_back(name: str) -> None:
    space = space_for(name)

    assert SearchSpace.from_json(space.to_json()) == space
    assert space.validate(space.default) == space.default


def test_a_class_its_name_and_a_subclass_have_one_space() -> None:
    class Mine(SVC):
        pass

    assert space_for(SVC) == space_for("SVC") == space_for(SVC()) == space_for(Mine())


def test_a_pipeline_has_the_parameters_of_its_steps_by_their_names() -> None:
    columns = ColumnTransformer([("levels", OneHotEncoder(), [0]), ("rest", make_pipeline(StandardScaler(), PCA()), [1, 2, 3])])
    union = FeatureUnion([("poly", PolynomialFeatures()), ("same", "passthrough")])
    pipeline = Pipeline([("columns", columns), ("union", union), ("nothing", None), ("model", DecisionTreeClassifier())])

    space = space_for(pipeline)

    names = {name.rpartition("__")[0] for name in space.names}
    assert names == {"columns__levels", "columns__rest__pca", "union__poly", "model"}
    for params in space.sample(RNG, 20):
        pipeline.set_params(**settings(params))


def test_an_estimator_inside_another_is_searched_too() -> None:
    space = space_for(AdaBoostClassifier(DecisionTreeClassifier(max_depth=1)))
    target = space_for(TransformedTargetRegressor(Ridge(alpha=3.0)))

    assert {"learning_rate", "estimator__max_depth"} <= set(space.names)
    assert space.default["estimator__max_depth.value"] == 1
    assert target.default == {"regressor__alpha": 3.0}


def test_conditions_are_those_of_the_step() -> None:
    space = space_for(make_pipeline(StandardScaler(), SVC()))

    for params in space.sample(RNG, 100):
        assert ("svc__degree" in params) == (params["svc__kernel"] == "poly")
        assert ("svc__gamma.value" in params) == (params.get("svc__gamma") == "value")


PIPELINE = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
CHOICES = {"scale": [StandardScaler(), "passthrough"], "model": [SVC(), LogisticRegression(), RandomForestClassifier()]}


def test_a_choice_of_algorithms_has_each_with_its_own_parameters() -> None:
    space = space_for(PIPELINE, choices=CHOICES)

    assert space.default["scale"] == "StandardScaler"
    assert space.default["model"] == "LogisticRegression"
    for params in space.sample(RNG, 100):
        own = [name for name in params if name.startswith("model__")]
        assert own
        assert all(name.startswith(f"model__{params['model']}__") for name in own)


def test_a_configuration_is_what_set_params_takes() -> None:
    space = space_for(PIPELINE, choices=CHOICES)

    for params in space.sample(RNG, 50):
        told = settings(params, choices=CHOICES)
        model = Pipeline(PIPELINE.steps).set_params(**told)
        assert type(model["model"]).__name__ == params["model"]
        assert model["scale"] == "passthrough" or type(model["scale"]).__name__ == params["scale"]
        assert not any("." in name or "value" in map(str, told.values()) for name in told)
    assert CHOICES["model"][0].C == 1.0  # what was given is copied, not changed


def test_settings_make_one_of_a_value_or_a_number_and_tuples_of_lists() -> None:
    assert settings({"a": "value", "a.value": 3, "b": None, "c": [1, 2]}) == {"a": 3, "b": None, "c": (1, 2)}
    assert settings({"a": "value"}) == {"a": "value"}


@pytest.mark.parametrize("name", ["SVC", "RandomForestClassifier", "MLPRegressor", "TfidfVectorizer"])
def test_own_params_are_the_way_back_from_settings(name: str) -> None:
    space = space_for(name)

    for params in space.sample(RNG, 30):
        assert own_params(space, settings(space.default) | settings(params)) == params


def test_own_params_heed_constraints_and_the_order_of_texts() -> None:
    size = Ordinal(["small", "large"])
    space = SearchSpace({"b": Int(1, 9), "a": size}, when={"b": param("a") > "small"}, constraints=[param("b") < 5])

    assert own_params(space, {"a": "large", "b": 3}) == {"b": 3, "a": "large"}
    assert own_params(space, {"a": "small", "b": 3}) == {"a": "small"}
    assert own_params(space, {"a": "large", "b": 7}) is None


def test_two_of_one_class_need_labels() -> None:
    with pytest.raises(SpaceError, match="needs candidates of different classes"):
        labelled({"model": [SVC(), SVC(kernel="linear")]})
    space = space_for(PIPELINE, choices={"model": {"rbf": SVC(), "linear": SVC(kernel="linear")}})
    assert space.default["model"] == "rbf"
    assert space.validate({"model": "linear"}, fill=True)["model__linear__kernel"] == "linear"


@pytest.mark.parametrize(
    ("estimator", "left_out"),
    [
        (SVC(kernel="precomputed"), {"kernel", "gamma", "gamma.value", "degree", "coef0"}),
        (OneClassSVM(kernel="precomputed"), {"kernel", "gamma", "gamma.value", "degree", "coef0"}),
        (KernelRidge(kernel="precomputed"), {"kernel", "gamma", "gamma.value", "degree"}),
        (KernelPCA(kernel="precomputed"), {"kernel", "gamma", "gamma.value"}),
        (SpectralClustering(affinity="precomputed"), {"affinity", "gamma", "n_neighbors"}),
        (AgglomerativeClustering(metric="precomputed", linkage="average"), {"metric", "linkage"}),
        (SVC(class_weight={0: 1, 1: 5}), {"class_weight"}),
        (PCA(0.95), {"n_components", "n_components.value"}),
        (PCA(2, svd_solver="arpack"), {"n_components", "n_components.value"}),
        (MLPClassifier((7, 7)), {"hidden_layer_sizes"}),
        (
            MLPRegressor(solver="lbfgs"),
            {"learning_rate_init", "batch_size", "batch_size.value", "early_stopping"},
        ),
        (KNeighborsClassifier(p=3), {"p"}),
        (KNeighborsRegressor(metric="cosine"), {"p"}),
        (GradientBoostingClassifier(max_features="sqrt"), {"max_features", "max_features.value"}),
        (RandomForestClassifier(max_features=5), {"max_features", "max_features.value"}),
        (RandomForestClassifier(max_features=1), {"max_features", "max_features.value"}),
        (RandomForestClassifier(10), {"n_estimators"}),
        (RandomForestRegressor(bootstrap=False), {"max_samples", "max_samples.value"}),
        (ExtraTreesClassifier(bootstrap=True, oob_score=True), {"bootstrap"}),
        (BaggingClassifier(oob_score=True), {"bootstrap"}),
        (LinearSVC(penalty="l1"), {"loss"}),
        (LinearSVC(dual=False), {"loss"}),
        (LinearSVR(dual=False, loss="squared_epsilon_insensitive"), {"loss"}),
        (SGDClassifier(learning_rate="pa1", eta0=1.0), {"learning_rate", "eta0", "loss"}),
        (LinearDiscriminantAnalysis("lsqr", covariance_estimator=LedoitWolf()), {"solver", "shrinkage", "shrinkage.value"}),
        (LinearDiscriminantAnalysis("eigen"), {"solver"}),
        (KMeans(3, init=np.eye(3)), {"init", "n_clusters", "n_init", "n_init.value"}),
        (SVC(kernel="poly", gamma=0.1, degree=4), set()),
    ],
    ids=lambda each: type(each).__name__,  # a set has its names in another order in each process
)  # fmt: skip
def test_what_was_set_by_hand_stays(estimator, left_out: set[str]) -> None:
    everything = set(space_for(type(estimator).__name__).names)
    pipeline = Pipeline([("before", PolynomialFeatures()), ("model", estimator)])

    space = space_for(pipeline)

    names = {name.removeprefix("model__") for name in space.names if name.startswith("model__")}
    assert names == everything - left_out
    for params in space.sample(RNG, 20):
        pipeline.set_params(**settings(params))
        assert all(getattr(estimator, name) is getattr(pipeline["model"], name) for name in left_out if "." not in name)


def test_what_was_fitted_before_is_left_alone() -> None:
    scaler = FrozenEstimator(RobustScaler().fit(np.eye(2)))
    selection = SelectFromModel(LogisticRegression(), prefit=True)
    vote = StackingClassifier([("svc", SVC())], final_estimator=LogisticRegression(), cv="prefit")

    assert set(space_for(make_pipeline(scaler, selection, Ridge())).names) == {"ridge__alpha"}
    assert {name.split("__")[0] for name in space_for(vote).names} == {"final_estimator"}


@pytest.mark.parametrize("kind", [VotingClassifier, StackingClassifier])
def test_a_vote_is_walked_into_and_its_voters_may_be_chosen(kind) -> None:
    vote = kind([("tree", DecisionTreeClassifier()), ("none", "drop"), ("other", SVC())])
    choices = {"other": [SVC(), LogisticRegression()]}

    space = space_for(make_pipeline(StandardScaler(), kind([("a", SVC())])))
    chosen = space_for(vote, choices=choices)

    assert all(name.startswith(f"{kind.__name__.lower()}__a__") for name in space.names)
    assert {"tree__max_depth", "other", "other__SVC__C", "other__LogisticRegression__C"} <= set(chosen.names)
    for params in chosen.sample(RNG, 20):
        vote.set_params(**settings(params, choices=choices))


def test_a_final_estimator_and_the_rest_of_the_columns_are_searched_too() -> None:
    stack = StackingRegressor([("svr", SVR())], final_estimator=Ridge())
    columns = ColumnTransformer([("levels", OneHotEncoder(), [0])], remainder=RobustScaler())

    assert {"svr__C", "final_estimator__alpha"} <= set(space_for(stack).names)
    assert "remainder__quantile_range" in space_for(columns).names
    for each in (stack, columns):
        each.set_params(**settings(space_for(each).sample(RNG)))


def test_bounds_come_from_the_data() -> None:
    def most(**data) -> int:
        components = space_for(PCA(), **data).parameters["n_components.value"]
        assert isinstance(components, Int)
        return components.high

    assert most(X=np.zeros((30, 7))) == 7
    assert most(shape=Shape(rows=5, numbers=9)) == 5
    assert most() == 100


@pytest.mark.parametrize(
    ("estimator", "choices", "says"),
    [
        (object(), None, "The catalogue has no space for object"),
        ("RandomForestClasifier", None, 'Did you mean "RandomForestClassifier"'),
        (make_pipeline(StandardScaler()), None, "The catalogue has no space for Pipeline"),
        (CalibratedClassifierCV(), None, "CalibratedClassifierCV: it knows nothing to search there beside what is set by hand"),
        (PIPELINE, {"modle": [SVC()]}, "'modle', which is no step of Pipeline"),
        (PIPELINE, {"model": []}, "needs candidates"),
    ],
)
def test_what_is_not_known_is_said(estimator, choices, says: str) -> None:
    with pytest.raises(SpaceError, match=says):
        space_for(estimator, choices=choices)


class CatBoostClassifier:
    """As CatBoost's: its `get_params` says only what was given."""

    __module__ = "catboost.core"

    def __init__(self, iterations=None, learning_rate=None, depth=None, l2_leaf_reg=None, random_strength=None, verbose=None):
        given = locals()
        self.given = {name: value for name, value in given.items() if name not in {"self", "given"} and value is not None}

    def get_params(self, deep=True):
        return dict(self.given)


def test_what_an_estimator_does_not_say_of_itself_its_signature_does():
    space = space_for(CatBoostClassifier(verbose=0, depth=4))

    assert {"learning_rate", "learning_rate.value", "iterations", "depth", "l2_leaf_reg", "random_strength"} == set(space.names)
    assert space.default["depth"] == 4
    assert space.default["iterations"] == 1000


@pytest.mark.parametrize(
    ("estimator", "name", "searched"),
    [
        (ElasticNet(l1_ratio=1), "l1_ratio", True),
        (GradientBoostingClassifier(subsample=1), "subsample", True),
        (BaggingClassifier(max_features=1), "max_features", False),
        (BaggingClassifier(max_features=1.0), "max_features", True),
        (LogisticRegression(penalty=None), "C", False),
        (LogisticRegression(), "C", True),
    ],
    ids=repr,
)
def test_a_whole_number_is_a_count_where_shares_are_floats(estimator, name, searched):
    assert (name in space_for(estimator).names) is searched


def test_estimators_without_names_are_no_steps():
    class Mean(BaseEstimator):
        def __init__(self, estimators=()):
            self.estimators = estimators

    assert space_for(make_pipeline(PCA(), Mean([Ridge(), Lasso()]))).names == space_for(make_pipeline(PCA(), Mean())).names
