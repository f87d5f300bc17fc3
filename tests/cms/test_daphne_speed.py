"""The shortcuts to the socket and from it must not lose, double or reorder a byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import main, tcp

from cms.daphne_speed import LONGEST_SHORTCUT, Quick, whole_text, write


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


# ---- what comes in -------------------------------------------------------------------------------------------------


def frame(payload: bytes, mask: bytes, first: int = 0x81) -> bytes:
    length = len(payload)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2)
    return bytes([first]) + size + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


MASKS = st.binary(min_size=4, max_size=4)


@given(payload=st.binary(min_size=1, max_size=400), mask=MASKS)
def test_a_packet_that_is_one_text_frame_is_read_at_once(payload, mask):
    assert whole_text(frame(payload, mask)) == payload


@given(payload=st.binary(min_size=1, max_size=200), mask=MASKS, more=st.binary(min_size=1, max_size=9))
def test_less_or_more_than_one_frame_is_left_to_autobahn(payload, mask, more):
    packet = frame(payload, mask)
    assert [whole_text(packet[:end]) for end in range(1, len(packet))] == [None] * (len(packet) - 1)
    assert whole_text(packet + more) is None


@pytest.mark.parametrize(
    "packet",
    [
        frame(b"hello", b"mask", first=0x01),  # the first of several fragments
        frame(b"hello", b"mask", first=0x80),  # the last of them
        frame(b"hello", b"mask", first=0xC1),  # compressed
        frame(b"hello", b"mask", first=0x82),  # binary
        frame(b"hello", b"mask", first=0x88),  # a close
        frame(b"", b"mask"),
        b"\x81\x05hello",  # not masked
        b"\x81\xfe\x00\x05mask" + b"-" * 5,  # longer than needed to say five
        b"\x81\xff" + bytes(131),  # 64 bits of length, in a packet that would fit 127
        frame(b"-" * LONGEST_SHORTCUT, b"mask"),
    ],
)
def test_anything_else_is_left_to_autobahn(packet):
    assert whole_text(packet) is None


class Ear(Quick):
    """A connection in the middle of its life."""

    state = Quick.STATE_OPEN
    data, current_frame, inside_message, failedByMe, autoPingTimeoutCall = b"", None, False, False, None  # noqa: N815

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        self.heard.append(("at once", payload))

    def _dataReceived(self, data: bytes) -> None:  # noqa: N802
        self.heard.append(("autobahn", data))


def test_between_messages_a_whole_frame_takes_the_shortcut():
    ear = Ear()
    ear.dataReceived(frame(b"hello", b"mask"))
    assert ear.heard == [("at once", b"hello")]


@pytest.mark.parametrize(
    "condition",
    [
        {"state": Quick.STATE_CONNECTING},
        {"state": Quick.STATE_CLOSING},
        {"data": b"\x81"},
        {"current_frame": object()},
        {"inside_message": True},
        {"failedByMe": True},
        {"autoPingTimeoutCall": object()},
    ],
)
def test_at_any_other_time_autobahn_gets_it(condition):
    ear = Ear()
    vars(ear).update(condition)
    packet = frame(b"hello", b"mask")
    ear.dataReceived(packet)
    assert ear.heard == [("autobahn", packet)]
