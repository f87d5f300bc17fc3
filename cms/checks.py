"""`manage.py check`: settings that would fail later, with a hint of what to write."""

from ipaddress import ip_network
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


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
    problems += _payments()
    return [
        *(
            Error(f"{name} cannot be read.", hint=hint, id="colonnina.E000")
            for name, hint in settings.UNREADABLE.items()
        ),
        *(Error(text, hint=hint, id=f"colonnina.E{n:03}") for n, (bad, text, hint) in enumerate(problems, 1) if bad),
    ]


@register
def real_money(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A server for the public that takes cards of test pages: it works, and nobody pays."""
    if not settings.REAL_MONEY or "_live_" in settings.STRIPE_API_KEY:
        return []
    if settings.STRIPE_API_KEY:
        text = "STRIPE_API_KEY is a key for tests: drivers pay with test cards only."
    else:
        text = "No STRIPE_API_KEY: payments go to the fake provider, and whoever types a test card charges for nothing."
    hint = "STRIPE_API_KEY, STRIPE_PUBLISHABLE_KEY and STRIPE_WEBHOOK_SECRET are at dashboard.stripe.com, Developers."
    return [Warning(text, hint=hint, id="colonnina.W001")]


def _payments() -> list[tuple[bool, str, str]]:
    """Keys of Stripe that do not belong together: found here, not by the first customer."""
    key, public, base = settings.STRIPE_API_KEY, settings.STRIPE_PUBLISHABLE_KEY, settings.STRIPE_API_BASE
    secret = settings.STRIPE_WEBHOOK_SECRET
    live, real = "_live_" in key, bool(key) and not base
    dashboard = "dashboard.stripe.com, Developers, API keys."
    return [
        (
            bool(key) and not key.startswith(("sk_", "rk_")),
            "STRIPE_API_KEY is no secret key.",
            f"It begins with sk_ or rk_: {dashboard}",
        ),
        (
            real and not public.startswith("pk_"),
            "STRIPE_API_KEY needs a STRIPE_PUBLISHABLE_KEY beside it: the pay page shows it to the browser.",
            f"It begins with pk_: {dashboard}",
        ),
        (
            real and public.startswith("pk_") and ("_live_" in public) != live,
            "STRIPE_API_KEY and STRIPE_PUBLISHABLE_KEY: one is live and the other is for tests.",
            f"Take both from the same page: {dashboard}",
        ),
        (
            real and not secret.startswith("whsec_"),
            "STRIPE_API_KEY needs a STRIPE_WEBHOOK_SECRET beside it: without it nothing that Stripe tells is believed.",
            f"It begins with whsec_; the endpoint’s address is {settings.PUBLIC_URL}/webhooks/stripe/",
        ),
        (
            not key and bool(public or secret or base),
            "STRIPE_… is set without STRIPE_API_KEY: payments would go to the fake provider.",
            "Set STRIPE_API_KEY, or none of them.",
        ),
        (
            bool(base) and not base.startswith(("http://", "https://")),
            f"STRIPE_API_BASE is no address: {base!r}.",
            "For example http://127.0.0.1:8420; without it Stripe’s own.",
        ),
        (
            bool(base) and live,
            "A live STRIPE_API_KEY must not be sent to STRIPE_API_BASE.",
            "Use a test key with a stand-in.",
        ),
    ]
