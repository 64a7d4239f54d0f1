from tunewright.execution.channel import Board, BoardChannel, Channel
from tunewright.trial import Report

ONE, TWO = Report(1.0, {"loss": 0.5}), Report(2.0, {"loss": 0.25})


def test_without_a_way_reports_are_kept_for_the_end():
    channel = Channel()

    channel.send(ONE)
    channel.send(TWO)

    assert channel.rest() == (ONE, TWO)
    assert channel.stopping() is None


def test_a_board_gives_each_report_once():
    board, heard = Board(), []
    channel = BoardChannel(board, (3, 0), lambda: heard.append(1))

    channel.send(ONE)
    channel.send(TWO)

    assert board.take() == {(3, 0): [ONE, TWO]}
    assert board.take() == {}
    assert channel.rest() == ()
    assert len(heard) == 2


def test_a_task_hears_the_first_reason_to_stop_until_it_ends():
    board = Board()
    channel = BoardChannel(board, (3, 0))
    channel.send(ONE)

    board.ask((3, 0), "enough")
    board.ask((3, 0), "again")
    board.ask((4, 0), "other")

    assert channel.stopping() == "enough"
    assert board.reports((3, 0))
    assert not board.reports((4, 0))
    assert board.close((3, 0)) == [ONE]
    assert channel.stopping() is None
    assert not board.reports((3, 0))
