"""Before accept(): who knocks, in which version, with which credentials (api-contract §2 and §8, security.md §2).

Whether it may come in is the central system's decision; the `Authorization` header goes there as it came, in bytes: keys of
1.6 stations need not be text.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from stations.vocabulary.events import StationKnocked

from .proxies import NOBODY, Proxies
from .versions import VERSIONS

_IDENTITY = re.compile(r"""[^\s/<>"'\\]{1,48}""")

REASONS = {401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests", 503: "Service Unavailable"}
RETRY_AFTER = (b"retry-after", b"5")
CHALLENGE = (b"www-authenticate", b'Basic realm="OCPP", charset="UTF-8"')


def knock(scope: Mapping[str, Any], gateway: str, proxies: Proxies = NOBODY) -> StationKnocked | None:
    """None if the path names nobody that could exist."""
    identity = identity_of(scope.get("raw_path") or scope["path"].encode())
    if identity is None:
        return None
    headers = dict(scope["headers"])
    return StationKnocked(
        identity=identity,
        authorization=headers.get(b"authorization"),
        version=choose(scope.get("subprotocols") or ()),
        gateway=gateway,
        remote=proxies.remote(scope),
        certificate=proxies.certificate(scope),
    )


def identity_of(raw_path: bytes) -> str | None:
    """The last segment that is not empty, percent-decoded; None unless it is 1-48 printable characters without blanks and
    / < > " ' \\ (quirk 4)."""
    path = raw_path.partition(b"?")[0].rstrip(b"/")
    head, _, last = path.rpartition(b"/")
    if not head:
        return None  # /ocpp/ without an identity
    try:
        identity = unquote_to_bytes(last).decode()
    except UnicodeDecodeError:
        return None
    return identity if _IDENTITY.fullmatch(identity) and identity.isprintable() else None


def choose(offered: Sequence[str]) -> str | None:
    """The first subprotocol of the station's own list that we speak."""
    return next((name for name in offered if name in VERSIONS), None)


def refusal(status: int) -> list[dict[str, Any]]:
    """The ASGI messages of a denied handshake."""
    text = REASONS.get(status, "Refused").encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    if status == 401:
        headers.append(CHALLENGE)
    if status == 429:
        headers.append(RETRY_AFTER)
    return [
        {"type": "websocket.http.response.start", "status": status, "headers": headers},
        {"type": "websocket.http.response.body", "body": text},
    ]
