"""What localstripe lacks and Stripe has: the same Idempotency-Key gives the same answer and moves nothing again
(docs.stripe.com/api/idempotent_requests). A request with a key that is being worked on is 409, one with other parameters 400."""

import hashlib
import http.client
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    status: int
    body: bytes


class Asked(NamedTuple):
    method: str
    path: str
    key: str
    repeated: bool


class Proxy:
    """Listens on a free port in a thread of its own. `asked` is the journal; `unplugged` closes every connection unanswered,
    after the request has been worked out when `deaf`."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.answers: dict[str, tuple[str, Answer | None]] = {}
        self.asked: list[Asked] = []
        self.unplugged = False
        self.deaf = False
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def forget_keys(self) -> None:
        """As Stripe does after a day."""
        with self.lock:
            self.answers.clear()

    def answer(self, method: str, path: str, key: str, headers: dict[str, str], body: bytes) -> Answer:
        if not key or method != "POST":
            self.asked.append(Asked(method, path, key, False))
            return self._forward(method, path, headers, body)
        params = hashlib.sha256(path.encode() + b"\0" + body).hexdigest()
        with self.lock:
            known = self.answers.get(key)
            self.asked.append(Asked(method, path, key, known is not None))
            if known is None:
                self.answers[key] = (params, None)
        if known is not None:
            return self._again(known, params)
        answer = self._forward(method, path, headers, body)
        with self.lock:
            if answer.status >= 500:  # nothing is known of it: the next one tries again
                del self.answers[key]
            else:
                self.answers[key] = (params, answer)
        return answer

    def _again(self, known: tuple[str, Answer | None], params: str) -> Answer:
        before, answer = known
        if before != params:
            return _error(
                400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters."
            )
        return answer or _error(409, "idempotency_error", "There is another request with this key in progress.")

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=20)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


def _error(status: int, kind: str, message: str) -> Answer:
    return Answer(status, json.dumps({"error": {"type": kind, "message": message}}).encode())


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # an answer in one piece: two would wait 40 ms for each other

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if proxy.unplugged:
                return self._hang_up()
            passed = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            answer = proxy.answer(self.command, self.path, self.headers.get("Idempotency-Key", ""), passed, body)
            if proxy.deaf:
                return self._hang_up()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
