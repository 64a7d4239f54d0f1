import io
import os

import pytest

from tunewright.tracking.calm import Calm


def test_what_is_there_is_written() -> None:
    stream = io.StringIO()
    calm = Calm(stream)

    assert calm.write("a word\n") == 7
    calm.flush()
    assert stream.getvalue() == "a word\n"
    assert not calm.isatty()
    assert not calm.in_front


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


def unread() -> io.TextIOWrapper:
    reading, writing = os.pipe()
    os.close(reading)
    return io.TextIOWrapper(io.FileIO(writing, "w"), write_through=True)


@pytest.mark.parametrize("stream", [None, closed(), unread()], ids=["none", "closed", "unread"])
def test_where_nobody_reads_nothing_is_raised(stream: io.StringIO | None) -> None:
    calm = Calm(stream)

    for _ in range(2):
        assert calm.write("±") == 1
        calm.flush()
    assert not calm.isatty()
    assert not calm.in_front


def test_an_encoding_has_the_characters_that_it_has() -> None:
    assert Calm(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")).writes("±")
    assert not Calm(io.TextIOWrapper(io.BytesIO(), encoding="ascii")).writes("±")
    assert Calm(None).writes("±")
