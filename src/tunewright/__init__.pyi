from tunewright import automl as automl
from tunewright import catalog as catalog
from tunewright import errors as errors
from tunewright import hypergradients as hypergradients
from tunewright import plots as plots
from tunewright import samplers as samplers
from tunewright import schedulers as schedulers
from tunewright import sklearn as sklearn
from tunewright import storage as storage
from tunewright import testing as testing
from tunewright import unsupervised as unsupervised
from tunewright.errors import Stopped as Stopped
from tunewright.errors import TunewrightError as TunewrightError
from tunewright.execution.live import LiveTrial as LiveTrial
from tunewright.history import History as History
from tunewright.metric import Metric as Metric
from tunewright.resampling.cross_validation import CrossValidation as CrossValidation
from tunewright.sklearn import SearchCV as SearchCV
from tunewright.space import Bool as Bool
from tunewright.space import Categorical as Categorical
from tunewright.space import Choice as Choice
from tunewright.space import Float as Float
from tunewright.space import Int as Int
from tunewright.space import Normal as Normal
from tunewright.space import Ordinal as Ordinal
from tunewright.space import Parameter as Parameter
from tunewright.space import SearchSpace as SearchSpace
from tunewright.space import param as param
from tunewright.study import Study as Study
from tunewright.trial import Failure as Failure
from tunewright.trial import Measurement as Measurement
from tunewright.trial import Outcome as Outcome
from tunewright.trial import Task as Task
from tunewright.trial import Trial as Trial
from tunewright.trial import TrialState as TrialState

__version__: str
__all__ = [
    "Bool",
    "Categorical",
    "Choice",
    "CrossValidation",
    "Failure",
    "Float",
    "History",
    "Int",
    "LiveTrial",
    "Measurement",
    "Metric",
    "Normal",
    "Ordinal",
    "Outcome",
    "Parameter",
    "SearchCV",
    "SearchSpace",
    "Stopped",
    "Study",
    "Task",
    "Trial",
    "TrialState",
    "TunewrightError",
    "automl",
    "catalog",
    "errors",
    "hypergradients",
    "param",
    "plots",
    "samplers",
    "schedulers",
    "sklearn",
    "storage",
    "testing",
    "unsupervised",
]
