"""`/health/` for load balancers and scripts: 200 when web, database, broker and gateway answer, else 503 with names."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def broker() -> None:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    finally:
        client.close()


logger = logging.getLogger(__name__)

CHECKS: dict[str, Callable[[], object]] = {"database": database, "broker": broker}
"""Name → a call that raises when the part is not well. `cms.asgi` adds "gateway" where stations connect."""


def health(request: HttpRequest) -> JsonResponse:
    parts = {"web": "ok"} | {name: _ask(name, check) for name, check in CHECKS.items()}
    well = all(answer == "ok" for answer in parts.values())
    status = "ok" if well else "down"
    return JsonResponse({"status": status, **parts}, status=200 if well else 503)


def _ask(name: str, check: Callable[[], object]) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001 (whatever it is, the part is not well)
        logger.warning("health part=%s: %s: %s", name, type(error).__name__, error)
        return "down"  # why, is for our log: the page is public
    return "ok"
