"""Finds what an operator's people type: identities, codes, numbers, names, the tail of a card."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Replace
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Company, Driver, Operator, Token, User
from billing.models import Invoice, Promotion
from billing.models.promotion import compared
from billing.selectors import payments
from cms.templatetags import figures
from sessions_app.models import ChargingSession
from stations.models import EVSE, ChargingStation, Location
from stations.views import links

MOST = 8  # of each kind


@dataclass(frozen=True, slots=True)
class Hit:
    href: str
    title: str
    detail: str = ""
    exact: bool = False


def everything(user: User, operator: Operator, text: str) -> list[tuple[str, list[Hit]]]:
    """(kind, hits) for the kinds that found something and the role may see. One query a kind."""
    kinds = (
        (_("Stations"), "station.view", _stations),
        (_("EVSE codes"), "station.view", _evses),
        (_("Sites"), "station.view", _sites),
        (_("Sessions"), "session.view", partial(_sessions, named=access.can(user, "driver.view", operator))),
        (_("Drivers"), "driver.view", _drivers),
        (_("Companies"), "company.view", _companies),
        (_("Cards"), "token.edit", _tokens),
        (_("Invoices"), "invoice.view", _invoices),
        (_("Payments"), "payment.view", _payments),
        (_("Codes"), "promotion.view", _codes),
    )
    found = [(word, list(find(operator, text))) for word, needs, find in kinds if access.can(user, needs, operator)]
    return [(word, hits) for word, hits in found if hits]


def _number(text: str) -> int | None:
    bare = text.replace(" ", "").replace("\u00a0", "").lstrip("#")
    return int(bare) if bare.isascii() and bare.isdecimal() and len(bare) < 19 else None


def _stations(operator: Operator, text: str) -> Iterator[Hit]:
    mine = ChargingStation.objects.current().filter(operator=operator)
    wanted = Q(identity__icontains=text) | Q(name__icontains=text) | Q(serial_number__icontains=text)
    for station in mine.filter(wanted).select_related("location").order_by("identity")[:MOST]:
        place = station.location.name if station.location else ""
        detail = " · ".join(part for part in (station.name, place) if part)
        yield Hit(links.page(station), station.identity, detail, station.identity.lower() == text.lower())


def _evses(operator: Operator, text: str) -> Iterator[Hit]:
    """Stars may be left out: ITABCE00421 is IT*ABC*E0042*1."""
    bare = text.replace("*", "").replace(" ", "").upper()
    mine = EVSE.objects.filter(station__operator=operator, station__archived_at=None).select_related("station")
    mine = mine.annotate(bare=Replace("uid", Value("*"), Value("")))
    wanted = Q(short_code__iexact=bare) | (Q(bare__icontains=bare) if bare else Q(pk=None))
    for evse in mine.filter(wanted).order_by("uid")[:MOST]:
        same = bare in (evse.uid.replace("*", "").upper(), evse.short_code.upper())
        yield Hit(links.page(evse.station), evse.uid, evse.station.identity, same)


def _sites(operator: Operator, text: str) -> Iterator[Hit]:
    mine = Location.objects.filter(operator=operator, archived_at=None)
    wanted = Q(name__icontains=text) | Q(address__icontains=text) | Q(city__icontains=text)
    for location in mine.filter(wanted).order_by("name")[:MOST]:
        yield Hit(f"/ops/stations/?site={location.pk}", location.name, f"{location.address}, {location.city}")


def _sessions(operator: Operator, text: str, *, named: bool) -> Iterator[Hit]:
    number = _number(text)
    wanted = Q(transaction_id=text) | (Q(pk=number) if number is not None else Q())
    mine = ChargingSession.objects.filter(wanted, operator=operator).select_related("station", "driver__user")
    for session in mine.order_by("-id")[:MOST]:
        who = str(session.driver) if session.driver and named else f"…{session.id_tag[-4:]}"
        yield Hit(
            f"/ops/sessions/{session.pk}/", str(session.pk), f"{session.station.identity} · {who}", session.pk == number
        )


def _drivers(operator: Operator, text: str) -> Iterator[Hit]:
    wanted = (
        Q(user__email__icontains=text)
        | Q(user__first_name__icontains=text)
        | Q(user__last_name__icontains=text)
        | Q(billing_name__icontains=text)
        | Q(vat_number__iexact=text)
    )
    for driver in Driver.objects.filter(wanted, operator=operator).select_related("user").order_by("pk")[:MOST]:
        yield Hit(f"/ops/drivers/{driver.pk}/", str(driver), driver.user.email, driver.user.email == text.lower())


def _companies(operator: Operator, text: str) -> Iterator[Hit]:
    number = Q(vat_number__iexact=text) | Q(vat_number__iexact=f"IT{text}") | Q(fiscal_code__iexact=text)
    wanted = Q(name__icontains=text) | Q(billing_name__icontains=text) | number
    for company in Company.objects.filter(wanted, operator=operator).order_by("name")[:MOST]:
        same = company.name.lower() == text.lower()
        yield Hit(f"/ops/companies/{company.pk}/", company.name, company.vat_number, same)


def _codes(operator: Operator, text: str) -> Iterator[Hit]:
    """Whole codes only: a batch has thousands."""
    for code in Promotion.objects.filter(operator=operator, key=compared(text)).exclude(key="")[:MOST]:
        yield Hit(f"/ops/promotions/{code.pk}/", code.code, code.batch, exact=True)


def _tokens(operator: Operator, text: str) -> Iterator[Hit]:
    found: Any = Token.objects.filter(Q(key__contains=text.upper()) | Q(label__icontains=text), operator=operator)
    for token in found.select_related("driver__user").order_by("pk")[:MOST]:
        yield Hit(
            f"/ops/tokens/{token.pk}/", token.label or token.masked, str(token.driver or ""), token.key == text.upper()
        )


def _payments(operator: Operator, text: str) -> Iterator[Hit]:
    """Somebody without an account, on the phone, with a statement of his bank in the other hand."""
    for payment in payments.remembered(operator, text, MOST):
        session = payment.session
        place = session.location.name if session and session.location else ""
        day = date_format(timezone.localtime(payment.created_at), "DATETIME_FORMAT")
        detail = " · ".join(part for part in (day, place, str(payment.get_status_display())) if part)
        title = f"{figures.money(payment.captured or payment.amount, payment.currency)} {payment.card}".strip()
        yield Hit(f"/ops/billing/payments/{payment.pk}/", title, detail)


def _invoices(operator: Operator, text: str) -> Iterator[Hit]:
    for invoice in Invoice.objects.filter(operator=operator, number__icontains=text).order_by("-pk")[:MOST]:
        yield Hit(
            f"/ops/billing/invoices/{invoice.pk}/", str(invoice.number), "", str(invoice.number).lower() == text.lower()
        )
