from pathlib import Path

from tunewright.paths import expanded


def test_a_tilde_is_a_home_only_where_somebody_lives() -> None:
    assert expanded("~/runs.db") == Path.home() / "runs.db"
    assert expanded("~nobody-of-that-name/runs.db") == Path("~nobody-of-that-name/runs.db")
    assert expanded("runs~.db") == Path("runs~.db")
