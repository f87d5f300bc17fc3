"""What plain daphne cannot do and stations need, mended in its WebSocket protocol class (daphne is pinned, tests guard this):

- refuse a handshake with 404 or 401 and its headers (ASGI's `websocket.http.response` extension) instead of 403 always;
- close with 1009 a message that is too long, or with any other reserved code, instead of dropping the connection;
- pass on a text frame that is not UTF-8, as bytes, instead of closing (quirk 11);
- stop reading from a station that says more than we can store just now;
- compress where an OCPP 2.x station asks for it (required of a CSMS by OCPP 2.0.1 part 4 §3.4), without a window kept per socket.
"""

from collections.abc import Sequence
from typing import Any

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketFactory

from cms import daphne_speed

LARGEST_INFLATED = 1 << 20
MOST_WAITING = 64  # frames of one station that wait in memory
PAUSE_S = 0.05


class StationFriendly(daphne_speed.Quick):
    utf8validateIncoming = False  # noqa: N815 (autobahn's options)
    failByDrop = False  # noqa: N815
    client_addr: Any = None  # autobahn prints the protocol before the handshake has set these two
    path = ""

    _headers: Sequence[tuple[bytes, bytes]] = ()
    _body = b""

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.http.response.start":
            self._status, self._headers = message["status"], message.get("headers", ())
        elif message["type"] == "websocket.http.response.body":
            self._body = message.get("body", b"")
            self.handshake_deferred.errback(ConnectionDeny(self._status, self._body.decode()))
            del self.handshake_deferred
            self.server.protocol_disconnected(self)
        else:
            super().handle_reply(message)

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:  # noqa: N802, N803
        headers = [(name.decode(), value.decode()) for name, value in self._headers]
        super().sendHttpErrorResponse(code, reason, headers or [("Content-Length", "0")])
        self.sendData(self._body)

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        self.sendCloseFrame(code=code or 1000)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        try:
            super().onMessage(payload, isBinary)
        except UnicodeDecodeError:
            super().onMessage(payload, True)
        if self.application_queue.qsize() == MOST_WAITING:
            self.transport.pauseProducing()
            self._go_on()

    def _go_on(self) -> None:
        """Reads on once half of what waited is done. Pongs wait, too: whoever is paused for a minute is cut."""
        if self.application_queue.qsize() > MOST_WAITING // 2:
            self.factory.reactor.callLater(PAUSE_S, self._go_on)
        else:
            self.transport.resumeProducing()

    def perMessageCompressionAccept(self, offers: Sequence[Any]) -> Any:  # noqa: N802
        if not any(name.startswith("ocpp2.") for name in self.websocket_protocols):
            return None
        for offer in offers:
            if isinstance(offer, PerMessageDeflateOffer) and offer.accept_no_context_takeover:
                return PerMessageDeflateOfferAccept(
                    offer,
                    request_no_context_takeover=True,
                    no_context_takeover=True,
                    max_message_size=LARGEST_INFLATED,
                )
        return None


def install() -> None:
    daphne_speed.install()
    WebSocketFactory.protocol = StationFriendly


def advertised(application: Any) -> Any:
    """Tells the application, in its scope, that a handshake may be refused with any status."""

    async def with_extension(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            scope.setdefault("extensions", {}).setdefault("websocket.http.response", {})
        await application(scope, receive, send)

    return with_extension
