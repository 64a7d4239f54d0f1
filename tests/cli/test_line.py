import pytest

from tunewright.cli.line import execute


@pytest.mark.parametrize(("words", "code"), [(["--version"], 0), (["shwo"], 2), (["best", "nothing.db"], 2), (["show", "x"], 3)])
def test_a_command_line_becomes_an_exit_code(words: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(words) == code
    assert len(capsys.readouterr().err.splitlines()) == (1 if code else 0)
