"""The billing run as one would write it first with the ORM: for each session a transaction, a query for everything it needs, and
`save()` for what becomes of it. It makes the same records as `billing.services.charges.rating`, and shares its pricing function."""

import json
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import CompanyMember, DriverGroup
from billing import pricing
from billing.models import CDR, BillingPolicy, Redemption, SessionPrice, SubscriptionPeriod, TariffAssignment
from billing.services.charges import costing, records
from billing.tariffs import exact, trace
from billing.tariffs.breakdown import Earlier
from billing.tariffs.periods import Period, State
from sessions_app.models import ChargingSession, Evidence
from sessions_app.selectors import periods
from sessions_app.services import checks, ledger
from stations.models import EVSE, Connector, StatusChange


@transaction.atomic
def rate(pk: int) -> CDR | None:
    checks.run([pk])
    session = ChargingSession.objects.select_related("operator", "location", "station", "token", "driver").get(pk=pk)
    if session.status != ChargingSession.Status.COMPLETED or CDR.objects.filter(session=session).exists():
        return None
    evse = EVSE.objects.get(station=session.station, evse_id=session.evse_id)
    connector = Connector.objects.get(evse=evse, connector_id=session.connector_id)
    assignment, version = _price(session)
    SessionPrice.objects.create(
        session=session, at=session.started_at, assignment=assignment, version=version, who="{}", place="[]"
    )
    policy = BillingPolicy.objects.filter(operator=session.operator).first() or BillingPolicy()
    held = bool(session.review) or (session.estimated and session.energy > policy.estimated_limit)
    breakdown, said = costing.cost(
        version,
        _stretches(session),
        pricing.zone_of(session),
        currency=session.operator.currency,
        earlier=_before(session),
    )
    member = CompanyMember.objects.filter(driver=session.driver, left_at=None).first()
    return CDR.objects.create(
        operator=session.operator,
        session=session,
        driver=session.driver,
        company=member.company if member else None,
        cost_centre=member.cost_centre if member else "",
        tariff_version=version,
        started_at=session.started_at,
        stopped_at=records.stopped(session),
        energy=session.energy,
        charging_seconds=int(exact.rounded(breakdown.charging_s, 0)),
        parking_seconds=int(exact.rounded(breakdown.parking_s, 0)),
        currency=breakdown.currency,
        tax_included=breakdown.gross,
        total_excl_vat=said.excl_vat,
        total_vat=said.vat,
        total_incl_vat=said.incl_vat,
        exact_excl_vat=exact.text(breakdown.excl_vat or 0),
        exact_incl_vat=exact.text(breakdown.incl_vat or 0),
        snapshot=_snapshot(session, evse, connector),
        periods=records.periods_text(breakdown),
        trace=trace.dumps(said),
        estimated=session.estimated,
        held=held,
    )


def _price(session: ChargingSession) -> tuple[Any, Any]:
    """The assignment for who charges, the nearest place first."""
    groups = list(DriverGroup.objects.filter(drivers=session.driver))
    month = SubscriptionPeriod.objects.filter(
        subscription__driver=session.driver, begins_at__lte=session.started_at, ends_at__gt=session.started_at
    )
    if month.exists() or Redemption.objects.filter(driver=session.driver).exists():
        raise NotImplementedError("the sample has neither plans nor codes")
    here = Q(location=session.location) | Q(location=None)
    found = TariffAssignment.objects.filter(here, operator=session.operator, valid_from__lte=session.started_at)
    mine = found.filter(Q(driver_group__in=groups) | Q(driver_group=None))
    assignment = mine.select_related("tariff").order_by("driver_group", "location", "-valid_from").first()
    if assignment is None:
        return None, None
    valid = assignment.tariff.versions.filter(valid_from__lte=session.started_at)
    return assignment, valid.order_by("-valid_from", "-number").first()


def _stretches(session: ChargingSession) -> list[Period]:
    rows = Evidence.objects.filter(session=session)
    evidence = [one for _pk, one in ledger.stream(rows)]
    changes = list(
        StatusChange.objects.filter(station=session.station, at__range=(session.started_at, session.stopped_at))
    )
    told = periods._periods(session, evidence, [(change.at, change.status) for change in changes])
    return [Period(one.start, one.end, State(one.state), one.energy_wh, one.power_w) for one in told]


def _before(session: ChargingSession) -> Earlier:
    return pricing.visits_of([session]).before(session.pk, None, None)


def _snapshot(session: ChargingSession, evse: EVSE, connector: Connector) -> str:
    place, station = session.location, session.station
    facts = {
        "location": place and {"id": place.pk, "name": place.name, "address": place.address, "city": place.city},
        "evse": {"uid": evse.uid, "standard": connector.standard, "power_type": evse.power_type},
        "station": {"identity": station.identity, "name": station.name},
        "token": {"uid": session.id_tag, "type": session.token.type if session.token else None},
        "meter": {"start_wh": str(session.meter_start), "stop_wh": str(session.meter_stop)},
    }
    return json.dumps(facts, ensure_ascii=False)
