"""Charge detail records as rows: what rating found, written; and what takes a record back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from django.utils import timezone

from billing.models import CDR, TariffVersion
from billing.tariffs import exact, terms, trace
from billing.tariffs.breakdown import ALONE, Breakdown, Earlier
from billing.tariffs.terms import Granted
from cms.core import energy, money
from sessions_app.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Rated:
    """What a CDR says of a session, computed and not yet written."""

    version: TariffVersion | None
    breakdown: Breakdown
    trace: trace.Trace
    flags: tuple[str, ...]
    held: bool
    company_id: int | None = None
    cost_centre: str = ""
    granted: Granted = ()
    holidays: Sequence[date] = ()
    earlier: Earlier = ALONE


COLUMNS = (
    "uid", "operator_id", "session_id", "driver_id", "company_id", "cost_centre", "revision", "credits_id", "tariff_version_id", "created_at", "started_at",
    "stopped_at", "energy", "charging_seconds", "parking_seconds", "currency", "tax_included", "total_excl_vat", "total_vat",
    "total_incl_vat", "exact_excl_vat", "exact_incl_vat", "snapshot", "periods", "terms", "trace", "estimated", "held", "flags",
)  # fmt: skip


def row(session: ChargingSession, rated: Rated, snapshot: str, *, revision: int) -> tuple[Any, ...]:
    """In the order of COLUMNS, as stored."""
    cost, said = rated.breakdown, rated.trace
    return (
        uuid.uuid4(),
        session.operator_id,
        session.pk,
        session.driver_id,
        rated.company_id,
        rated.cost_centre,
        revision,
        None,
        rated.version.pk if rated.version else None,
        timezone.now(),
        session.started_at,
        stopped(session),
        energy.to_mwh(session.energy),
        int(exact.rounded(cost.charging_s, 0)),
        int(exact.rounded(cost.parking_s, 0)),
        cost.currency,
        cost.gross,
        money.to_micros(said.excl_vat),
        money.to_micros(said.vat),
        money.to_micros(said.incl_vat),
        exact.text(cost.excl_vat or 0),
        exact.text(cost.incl_vat or 0),
        snapshot,
        periods_text(cost),
        terms.dumps(rated.granted, cost),
        trace.dumps(said),
        session.estimated,
        rated.held,
        ",".join(rated.flags),
    )


def periods_text(cost: Breakdown) -> str:
    """The stretches, exact: what the API turns into OCPI ChargingPeriods."""
    stretches = [
        {
            "start": trace.iso(stretch.start),
            "end": trace.iso(stretch.end),
            "state": stretch.state.value,
            "energy_wh": exact.text(stretch.energy_wh),
            "elements": list(stretch.elements),
        }
        for stretch in cost.stretches
    ]
    return orjson.dumps(stretches).decode()


def stopped(session: ChargingSession) -> datetime:
    return session.stopped_at or session.last_reading_at or session.started_at


def credit_of(cdr: CDR) -> CDR:
    """The next revision, not saved: every amount and the energy negative."""
    back = trace.negated(trace.loads(cdr.trace))
    return CDR(
        operator_id=cdr.operator_id,
        session_id=cdr.session_id,
        driver_id=cdr.driver_id,
        company_id=cdr.company_id,
        cost_centre=cdr.cost_centre,
        revision=cdr.revision + 1,
        credits=cdr,
        tariff_version_id=cdr.tariff_version_id,
        started_at=cdr.started_at,
        stopped_at=cdr.stopped_at,
        energy=-cdr.energy,
        charging_seconds=cdr.charging_seconds,
        parking_seconds=cdr.parking_seconds,
        currency=cdr.currency,
        tax_included=cdr.tax_included,
        total_excl_vat=back.excl_vat,
        total_vat=back.vat,
        total_incl_vat=back.incl_vat,
        exact_excl_vat=exact.text(-exact.number_of(cdr.exact_excl_vat)),
        exact_incl_vat=exact.text(-exact.number_of(cdr.exact_incl_vat)),
        snapshot=cdr.snapshot,
        periods=cdr.periods,
        terms=cdr.terms,
        trace=trace.dumps(back),
        estimated=cdr.estimated,
        flags=cdr.flags,
    )
