"""The two doors: HTTP, and WebSockets at /ocpp/<identity> (stations) and /live/ (browsers). `daphne cms.asgi:application`.

Stations send no Origin and have no session: their door stands outside those checks, the browsers' inside (security.md 3.14).
"""

import gc
import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from twisted.internet import reactor  # noqa: E402

from cms import bell, daphne_refusals, health  # noqa: E402
from cms.live import routing  # noqa: E402
from cms.wiring import csms  # noqa: E402
from stations.ocpp import handshake, proxies  # noqa: E402
from stations.ocpp.consumer import StationConsumer  # noqa: E402
from stations.ocpp.gateway import Gateway  # noqa: E402

gateway = Gateway(csms, bell.listen, proxies.trusted(settings.OCPP_PROXIES, settings.OCPP_CERTIFICATE_HEADER))
health.CHECKS["gateway"] = gateway.check


async def nobody(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Any other WebSocket path."""
    await receive()
    for message in handshake.refusal(404):
        await send(message)


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """For servers that have one; daphne drains at reactor shutdown instead."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            gateway.stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


DOORS = {"/ocpp/": StationConsumer.as_asgi(gateway=gateway), "/live/": routing.application}


async def websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    door = next((door for path, door in DOORS.items() if scope["path"].startswith(path)), nobody)
    await door(scope, receive, send)


application = daphne_refusals.advertised(
    ProtocolTypeRouter({"http": http, "websocket": websocket, "lifespan": lifespan})
)
daphne_refusals.install()
reactor.addSystemEventTrigger("during", "shutdown", gateway.stop)  # type: ignore[arg-type]

# Whatever has been loaded stays for good: the collector need not look through it for every 700 new tuples of a meter value.
gc.freeze()
gc.set_threshold(20_000, 20, 50)
