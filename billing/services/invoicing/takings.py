"""Corrispettivi written down: after midnight, every charge of the days before that no invoice documents.

Append-only. A charge that is invoiced or credited afterwards is taken out by an entry of the same day with the sign turned round; one
that comes back (its invoice was credited, and nobody gets another) is entered again. Two runs at once wait for each other at the
row of the chain; a run that stops anywhere goes on where it stopped.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Operator
from billing import pricing
from billing.documents import takings_chain
from billing.models import CDR, Payment, TakingsChain, TakingsEntry
from billing.payments.gateway import WALLET
from billing.selectors import takings
from billing.services.invoicing import fiscal
from cms.core import energy, money, rows

CHUNK = 500

_COLUMNS = (
    "operator_id", "number", "day", "reason", "cdr_id", "reverses_id", "started_at", "stopped_at", "evse", "latitude", "longitude",
    "energy", "currency", "taxable", "vat", "total", "paid", "recorded_at", "previous", "hash",
)  # fmt: skip


def record(*, operator: Operator, retold: bool = False) -> int:
    """Appends what is due, chunk by chunk. Returns how many entries were written; 0 for sellers outside Italy. `retold`: a past that
    is made up (the demo's): each entry as if written in the night after its day."""
    if not fiscal.italian(operator):
        return 0
    written = 0
    while appended := _append(operator, retold):
        written += appended
    return written


@transaction.atomic
def _append(operator: Operator, retold: bool) -> int:
    chain, _ = TakingsChain.objects.get_or_create(operator=operator)
    chain = TakingsChain.objects.select_for_update().get(pk=chain.pk)
    found = _reversals(operator) or _charges(operator)
    now = timezone.now()
    stored = []
    for facts in found:
        chain.last += 1
        at = _night_after(facts["day"], operator) if retold else now
        whole = {**facts, "number": chain.last, "recorded_at": at}
        previous, chain.head = chain.head, takings_chain.digest(chain.head, whole)
        stored.append(_row(operator, whole, previous, chain.head))
    rows.insert(TakingsEntry, _COLUMNS, stored)
    if stored:
        chain.save(update_fields=["last", "head"])
    return len(stored)


def _night_after(day: date, operator: Operator) -> datetime:
    zone = pricing.zone(operator.time_zone)
    return datetime(day.year, day.month, day.day, 0, 20, tzinfo=zone) + timedelta(days=1)


def _row(operator: Operator, facts: dict[str, Any], previous: str, digest: str) -> tuple[Any, ...]:
    """In the order of _COLUMNS, as stored."""
    return (
        operator.pk,
        facts["number"],
        facts["day"],
        facts["reason"],
        facts["cdr"],
        facts["reverses"],
        facts["started_at"],
        facts["stopped_at"],
        facts["evse"],
        facts["latitude"],
        facts["longitude"],
        energy.to_mwh(facts["energy"]),
        facts["currency"],
        *(money.to_micros(facts[name]) for name in ("taxable", "vat", "total")),
        facts["paid"],
        facts["recorded_at"],
        previous,
        digest,
    )


# ---- what is due ----------------------------------------------------------------------------------------------------


def _charges(operator: Operator) -> list[dict[str, Any]]:
    found = list(takings.due(operator, takings.midnight(operator)).order_by("stopped_at", "pk")[:CHUNK])
    paid, zone = _paid([cdr.pk for cdr in found]), pricing.zone(operator.time_zone)
    return [
        {
            "day": cdr.stopped_at.astimezone(zone).date(),
            "reason": TakingsEntry.Reason.CHARGE.value,
            "cdr": cdr.pk,
            "reverses": None,
            "started_at": cdr.started_at,
            "stopped_at": cdr.stopped_at,
            **_place(cdr),
            "energy": cdr.energy,
            "currency": cdr.currency,
            "taxable": cdr.total_excl_vat,
            "vat": cdr.total_vat,
            "total": cdr.total_incl_vat,
            "paid": paid.get(cdr.pk, "{}"),
        }
        for cdr in found
    ]


def _place(cdr: CDR) -> dict[str, str]:
    snapshot = json.loads(cdr.snapshot)
    place = snapshot["location"] or {}
    return {
        "evse": snapshot["evse"]["uid"][:48],
        "latitude": str(place.get("latitude") or "")[:12],
        "longitude": str(place.get("longitude") or "")[:12],
    }


def _paid(cdrs: Sequence[int]) -> dict[int, str]:
    """What came in electronically until now, by charge: how much and by which means, nothing about whose."""
    found = Payment.objects.filter(cdr__in=cdrs).order_by().values_list("cdr", "gateway")
    by_charge: dict[int, dict[str, Decimal]] = {}
    for cdr, gateway, captured, refunded in found.annotate(Sum("captured"), Sum("refunded")):
        means = "wallet" if gateway == WALLET else "card"
        came = by_charge.setdefault(cdr, {})
        came[means] = came.get(means, Decimal(0)) + captured - refunded
    return {cdr: _told({means: amount for means, amount in came.items() if amount}) for cdr, came in by_charge.items()}


def _told(came: Mapping[str, Decimal]) -> str:
    if not came:
        return "{}"
    total = sum(came.values(), Decimal(0))
    return json.dumps({"electronic": f"{total:.2f}", "means": sorted(came)}, separators=(",", ":"))


def _reversals(operator: Operator) -> list[dict[str, Any]]:
    """Of the same day, so that a day's sum is what is left of it; when it was written says how late it was noticed."""
    found = takings.outdated(operator).select_related("cdr__invoiced").order_by("number")[:CHUNK]
    return [_turned(entry) for entry in found]


def _turned(entry: TakingsEntry) -> dict[str, Any]:
    invoiced = hasattr(entry.cdr, "invoiced")
    reason = TakingsEntry.Reason.INVOICED if invoiced else TakingsEntry.Reason.CREDITED
    return {
        **takings.facts(entry),
        "reason": reason.value,
        "reverses": entry.pk,
        "energy": -entry.energy,
        "taxable": -entry.taxable,
        "vat": -entry.vat,
        "total": -entry.total,
    }
