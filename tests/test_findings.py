import tunewright as tw
from tunewright.findings import Findings
from tunewright.testing import Journal


class Held(Findings):
    def __init__(self, history):
        self._history = history

    @property
    def history(self):
        return self._history


def test_whatever_holds_a_history_can_be_asked():
    journal = Journal(tw.SearchSpace({"x": tw.Float(0, 1)}))
    for x in (0.9, 0.2, 0.6):
        journal.tell(journal.ask({"x": x}), x)

    assert Held(journal.history).best.params == {"x": 0.2}
    assert Held(journal.history).winner().raw == 0.2


def test_a_report_is_written_where_it_is_wanted(tmp_path):
    study = tw.Study({"x": tw.Float(0, 1)})

    path = study.report(tmp_path / "page.html", title="Nothing yet")

    assert "<h1>Nothing yet</h1>" in path.read_text(encoding="utf-8")
