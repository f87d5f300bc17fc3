"""`manage.py check`: settings that would fail later, with a hint of what to write."""

from ipaddress import ip_network
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


def _is_network(text: str) -> bool:
    try:
        return bool(ip_network(text, strict=False))
    except ValueError:
        return False


@register
def environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Values of the environment that cannot work."""
    problems = [
        (
            not settings.REDIS_URL.startswith(("redis://", "rediss://", "unix://")),
            f"REDIS_URL is no Redis address: {settings.REDIS_URL!r}.",
            "For example redis://127.0.0.1:6379/0",
        ),
        (
            not settings.PUBLIC_URL.startswith(("http://", "https://")) or settings.PUBLIC_URL.endswith("/"),
            f"PUBLIC_URL must be http(s)://host without a slash at the end, not {settings.PUBLIC_URL!r}.",
            "For example https://charge.example.com",
        ),
        (
            not 60 <= settings.HEARTBEAT_INTERVAL_S <= 86400,
            f"HEARTBEAT_INTERVAL_S must be 60 to 86400 seconds, not {settings.HEARTBEAT_INTERVAL_S}.",
            "300 suits most networks.",
        ),
        (
            not all(_is_network(text) for text in settings.OCPP_PROXIES),
            f"OCPP_PROXIES must list addresses or networks, not {settings.OCPP_PROXIES!r}.",
            "For example 10.0.0.0/8,fd00::/8",
        ),
        (settings.FRAME_RETENTION_DAYS < 1, "FRAME_RETENTION_DAYS must be 1 or more.", "90 is the default."),
        (not 1 <= settings.PORT <= 65535, f"PORT must be 1 to 65535, not {settings.PORT}.", "8000 is the default."),
        (settings.TIME_ZONE not in available_timezones(), f"Unknown time zone {settings.TIME_ZONE!r}.", "Europe/Rome"),
        (
            not all(mark in settings.TILE_URL for mark in ("{z}", "{x}", "{y}")),
            "TILE_URL needs {z}, {x} and {y}.",
            "For example https://tile.openstreetmap.org/{z}/{x}/{y}.png",
        ),
    ]
    return [
        *(
            Error(f"{name} cannot be read.", hint=hint, id="colonnina.E000")
            for name, hint in settings.UNREADABLE.items()
        ),
        *(Error(text, hint=hint, id=f"colonnina.E{n:03}") for n, (bad, text, hint) in enumerate(problems, 1) if bad),
    ]
