import pickle
import threading

import pytest
from sklearn import config_context, get_config

from tunewright.resampling.ambient import Ambient


def seen(ambient: Ambient) -> bool:
    with ambient.restored():
        return bool(get_config()["enable_metadata_routing"])


def test_another_thread_finds_the_configuration_it_was_made_under() -> None:
    with config_context(enable_metadata_routing=True):
        ambient = Ambient()
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(seen(ambient)))
    thread.start()
    thread.join()

    assert found == [True]


@pytest.mark.parametrize("routing", [False, True])
def test_a_copy_that_is_sent_takes_what_holds_where_it_is_sent_from(routing: bool) -> None:
    ambient = Ambient()
    with config_context(enable_metadata_routing=routing):
        sent = pickle.dumps(ambient)
    copy = pickle.loads(sent)

    assert seen(copy) == routing
    assert seen(pickle.loads(pickle.dumps(copy))) == routing


def test_at_home_whatever_holds_there_holds() -> None:
    ambient = Ambient()
    with config_context(enable_metadata_routing=True):
        assert seen(ambient)
    assert not seen(ambient)
