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


def test_no_password_is_shown_that_should_have_been_encoded() -> None:
    for password in ("p@ss:w/rd%", "p?ss", "p?a=b", "p@a?ss", "100%secret", "a/b?c@d"):
        assert masked(f"postgresql://me:{password}@db:5432/runs?sslmode=require") == (
            "postgresql://me:***@db:5432/runs?sslmode=require"
        )


def test_what_is_no_password_stays() -> None:
    for address in ("postgresql://db:5432/runs?user=me@corp", "postgresql://me@db/runs?host=/tmp", "http://db:80/a"):
        assert masked(address) == address
    assert masked("postgresql://me:x@db/runs?options=a@b") == "postgresql://me:***@db/runs?options=a@b"
