import numpy as np
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tunewright.catalog import Shape, labelled, settings, space_for
from tunewright.catalog.compose import ENTRIES
from tunewright.errors import SpaceError
from tunewright.space import Int, SearchSpace

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


def test_two_of_one_class_need_labels() -> None:
    with pytest.raises(SpaceError, match="needs candidates of different classes"):
        labelled({"model": [SVC(), SVC(kernel="linear")]})
    space = space_for(PIPELINE, choices={"model": {"rbf": SVC(), "linear": SVC(kernel="linear")}})
    assert space.default["model"] == "rbf"
    assert space.validate({"model": "linear"}, fill=True)["model__linear__kernel"] == "linear"


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
        (PIPELINE, {"modle": [SVC()]}, "'modle', which is no step of Pipeline"),
        (PIPELINE, {"model": []}, "needs candidates"),
    ],
)
def test_what_is_not_known_is_said(estimator, choices, says: str) -> None:
    with pytest.raises(SpaceError, match=says):
        space_for(estimator, choices=choices)
