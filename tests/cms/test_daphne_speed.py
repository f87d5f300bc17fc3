"""The shortcut to the socket must not lose, double or reorder a byte."""

import pytest
from twisted.internet import main, tcp

from cms.daphne_speed import write


class Wire(tcp.Connection):
    """A connection whose socket takes `room` bytes at once; None: it is lost."""

    TLS = False
    connected = 1
    disconnecting = False

    def __init__(self, room: int | None) -> None:
        self.room = room
        self.dataBuffer = b""
        self._tempDataBuffer: list[bytes] = []
        self.sent = b""
        self.queued = b""

    def writeSomeData(self, data: bytes) -> object:  # noqa: N802
        if self.room is None:
            return main.CONNECTION_LOST
        taken = data[: self.room]
        self.sent += taken
        return len(taken)

    def write(self, data: bytes) -> None:
        self.queued += data


@pytest.mark.parametrize(
    ("room", "sent", "queued"),
    [(10, b"hello", b""), (5, b"hello", b""), (2, b"he", b"llo"), (0, b"", b"hello"), (None, b"", b"hello")],
)
def test_what_the_socket_does_not_take_is_queued(room, sent, queued):
    wire = Wire(room)
    write(wire, b"hello")
    assert (wire.sent, wire.queued) == (sent, queued)


@pytest.mark.parametrize(
    "state",
    [{"dataBuffer": b"x"}, {"_tempDataBuffer": [b"x"]}, {"TLS": True}, {"disconnecting": True}, {"connected": 0}],
)
def test_nothing_overtakes_what_waits_already(state):
    wire = Wire(10)
    vars(wire).update(state)
    write(wire, b"hello")
    assert (wire.sent, wire.queued) == (b"", b"hello")


def test_any_other_transport_is_written_to_as_ever():
    class Other:
        queued = b""

        def write(self, data: bytes) -> None:
            self.queued += data

    other = Other()
    write(other, b"hello")
    assert other.queued == b"hello"
