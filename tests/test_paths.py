from pathlib import Path

from tunewright.paths import expanded, masked


def test_a_tilde_is_a_home_only_where_somebody_lives() -> None:
    assert expanded("~/runs.db") == Path.home() / "runs.db"
    assert expanded("~nobody-of-that-name/runs.db") == Path("~nobody-of-that-name/runs.db")
    assert expanded("runs~.db") == Path("runs~.db")


def test_no_password_is_shown() -> None:
    text = "worker postgresql://tuner:s3cr%3Aet@db:5432/runs n1 train:objective"
    assert masked(text) == "worker postgresql://tuner:***@db:5432/runs n1 train:objective"
    assert masked("postgresql://tuner:p@ss@db/runs") == "postgresql://tuner:***@db/runs"
    assert masked("postgresql://db/runs?user=me&password=s3cret&port=1") == "postgresql://db/runs?user=me&password=***&port=1"
    assert (
        masked("sqlite:///runs.db me@example.org https://example.org/a")
        == "sqlite:///runs.db me@example.org https://example.org/a"
    )
