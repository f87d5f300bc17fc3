"""What a session costs and why, for its page: from its CDR once there is one, else as it runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from billing import pricing
from billing.documents import lines
from billing.models import CDR, TariffVersion
from billing.tariffs import trace
from billing.tariffs.trace import Trace
from sessions_app.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Cost:
    """`cdr` is None while the session runs (then the amounts are of now); `lines` as receipts show them."""

    trace: Trace
    lines: Sequence[lines.Shown]
    version: TariffVersion | None
    cdr: CDR | None


def of(session: ChargingSession, language: str | None = None) -> Cost | None:
    """None where nobody set a price and the session still runs."""
    said_in = language or get_language() or "it"
    cdr = CDR.objects.standing().filter(session=session).select_related("tariff_version__tariff").first()
    if cdr is not None:
        kept = trace.loads(cdr.trace)
        tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
        return Cost(kept, lines.shown(kept, tariff, said_in), cdr.tariff_version, cdr)
    version = pricing.version_of(session)
    if version is None:
        return None
    running = pricing.trace_so_far(session, version)
    return Cost(running, lines.shown(running, pricing.parsed(version), said_in), version, None)
