"""What a session costs and why, for its page: from its CDR once there is one, else as it runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from billing import pricing
from billing.documents import lines
from billing.models import CDR, TariffVersion
from billing.tariffs import terms, trace, visits
from billing.tariffs.breakdown import ALONE, Earlier
from billing.tariffs.terms import Granted
from billing.tariffs.trace import Trace
from sessions_app.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Cost:
    """`cdr` is None while the session runs (then the amounts are of now); `lines` as receipts show them. `granted` by plans and
    codes; `visit`: what the charges before it paid."""

    trace: Trace
    lines: Sequence[lines.Shown]
    version: TariffVersion | None
    cdr: CDR | None
    granted: Granted = ()
    visit: Earlier = ALONE


def of(session: ChargingSession, language: str | None = None) -> Cost | None:
    """None where nobody set a price and the session still runs."""
    said_in = language or get_language() or "it"
    cdr = CDR.objects.standing().filter(session=session).select_related("tariff_version__tariff").first()
    if cdr is not None:
        kept = trace.loads(cdr.trace)
        tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
        visit = json.loads(cdr.snapshot).get("visit")
        return Cost(
            kept,
            lines.shown(kept, tariff, said_in),
            cdr.tariff_version,
            cdr,
            terms.loads(cdr.terms),
            visits.of_json(visit, ()) if visit else ALONE,
        )
    running = pricing.so_far(session)
    if running is None:
        return None
    shown = lines.shown(running.trace, pricing.parsed(running.version), said_in)
    return Cost(running.trace, shown, running.version, None, running.granted, running.breakdown.earlier)
