"""Shortcuts through autobahn and Twisted that save half of what daphne's transport costs per message, and of a handshake.

autobahn formats debug lines that nobody reads (a pretty-printed list of options per handshake, names per frame) and fires signals
that nobody hears; it takes a frame through fourteen calls, although nearly every packet is one whole message. Twisted registers for
writability (two system calls and one round of the loop) before it sends even 40 bytes to an idle socket.
"""

from typing import Any

from autobahn.websocket import protocol as autobahn
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import tcp

LONGEST_SHORTCUT = 3000  # bytes; beyond, autobahn's own unmasking is quicker


class Quick(WebSocketProtocol):
    message_data: Any

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        text = whole_text(data) if self._is_between_messages() else None
        if text is None:
            self._dataReceived(data)
        else:
            self.onMessage(text, False)

    def _is_between_messages(self) -> bool:
        """Nothing is half read, ours to close, or waiting for any sign of life: a pending ping is autobahn's to count."""
        if self.state != self.STATE_OPEN:
            return False
        return not (
            self.data or self.current_frame or self.inside_message or self.failedByMe or self.autoPingTimeoutCall
        )

    def onMessageEnd(self) -> None:  # noqa: N802
        """Without telling listeners that daphne has not."""
        if not self.failedByMe:
            self._onMessage(b"".join(self.message_data), self.message_is_binary)
        self.message_data = None

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:  # noqa: N802
        if sync or chopsize or self.send_queue:
            super().sendData(data, sync, chopsize)
        else:
            write(self.transport, data)


def whole_text(packet: bytes) -> bytes | None:
    """The payload, if the packet is exactly one masked text frame, neither fragmented nor compressed (RFC 6455 §5.2)."""
    if packet[0] != 0x81 or not 6 < len(packet) <= LONGEST_SHORTCUT:
        return None
    length, begin = packet[1] - 0x80, 6
    if length == 126:
        length, begin = int.from_bytes(packet[2:4]), 8
        if length < 126:
            return None
    elif length > 126:
        return None
    if len(packet) != begin + length:
        return None
    mask = packet[begin - 4 : begin] * (length // 4 + 1)
    masked = int.from_bytes(packet[begin:], "little")
    return (masked ^ int.from_bytes(mask[:length], "little")).to_bytes(length, "little")


def write(transport: Any, data: bytes) -> None:
    """Sends at once what the socket takes; only the rest is left to the reactor."""
    if _idle(transport):
        sent = transport.writeSomeData(data)
        if sent == len(data):
            return
        if isinstance(sent, int):
            data = data[sent:]
    transport.write(data)  # notices by itself that a connection is lost


def _idle(transport: Any) -> bool:
    if not isinstance(transport, tcp.Connection) or transport.TLS:
        return False
    busy = transport.disconnecting or transport.dataBuffer or transport._tempDataBuffer
    return bool(transport.connected and not busy)


def install() -> None:
    autobahn.pformat = str  # type: ignore[assignment]
