from tunewright.analysis.pages import page
from tunewright.space import Float, SearchSpace


def test_the_page_has_what_explains_and_what_was_searched(history_of):
    text = page(history_of(SearchSpace({"x": Float(0, 1)}), [({"x": i / 10}, i / 10) for i in range(8)]), "A & B")

    assert text.startswith("<!doctype html>")
    assert "<title>A &amp; B</title>" in text
    for heading in ("What mattered", "Health checks", "What to do next", "What was searched"):
        assert f"<h2>{heading}</h2>" in text
