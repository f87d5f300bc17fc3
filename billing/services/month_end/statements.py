"""Agreements with the hosts of sites, and their monthly statements: numbered, never changed, what was wrong is a line of the next."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Membership, Operator, Role, User
from accounts.notifications import email, once
from accounts.services import members
from billing import signals
from billing.documents import numbering, statement
from billing.models import HostStatement, HostStatementItem, RevenueShare
from billing.selectors import months, shares
from billing.selectors.shares import Counted, Sums
from billing.services.month_end import sharing
from cms.core import energy as energies
from cms.core.errors import Conflict
from cms.core.models import checked
from stations.models import Location

_ENDED: dict[str, Any] = {"percent": 0, "per_kwh": 0, "fixed": 0, "fee_percent": 0, "energy_cost": 0}


@transaction.atomic
def agree(*, location: Location, by: User, valid_from: date, ended: bool = False, **terms: Any) -> RevenueShare:
    """From the month `valid_from` on; what held before stays in the history. Raises Forbidden; Invalid; Conflict(statement_issued)
    for a month whose statement is written."""
    access.demand(by, "month.close", location)
    first = valid_from.replace(day=1)
    issued = HostStatement.objects.filter(location=location, month__gte=first).order_by("-month").first()
    if issued is not None:
        raise Conflict(
            _("The statement of this month is written: agree from a later month on."), code="statement_issued"
        )
    share = RevenueShare(operator=location.operator, location=location, valid_from=first, ended=ended, by=by, **terms)
    if ended:
        for name, nothing in _ENDED.items():
            setattr(share, name, Decimal(nothing))
    checked(share)
    share.save()
    if not ended:
        _let_in(share)
    return share


def _let_in(share: RevenueShare) -> None:
    """Who gets the statements sees the site (cms.host): invited once; somebody who works for the operator already stays what he is."""
    known = Membership.objects.filter(operator=share.operator_id, user__email__iexact=share.host_email)
    if not known.exists():
        members.invite(operator=share.operator, email=share.host_email, role=Role.HOST, by=None)


def waiting(*, operator: Operator, month: date) -> int:
    """How many hosts have no statement of a month yet. Two queries."""
    agreed = shares.agreed(shares.places(operator), month)
    wanted = {pk for pk, share in agreed.items() if not share.ended}
    if not wanted:
        return 0
    written = HostStatement.objects.filter(operator=operator, month=month, location__in=wanted)
    return len(wanted) - written.count()


def issue_all(*, operator: Operator, month: date, by: User | None) -> int:
    """Each is a transaction of its own. Returns how many are new. Raises Forbidden, Conflict(month_not_over)."""
    if by is not None:
        access.demand(by, "month.close", operator)
    if month >= months.this(operator):
        raise Conflict(_("This month is not over yet."), code="month_not_over")
    before = HostStatement.objects.filter(operator=operator, month=month).count()
    for location in Location.objects.filter(pk__in=shares.places(operator)).order_by("pk"):
        issue(location=location, month=month)
    return HostStatement.objects.filter(operator=operator, month=month).count() - before


@transaction.atomic
def issue(*, location: Location, month: date) -> HostStatement | None:
    """The statement of a month; asked twice it is the same. None where nothing is agreed, and nothing is left to correct."""
    place = Location.objects.select_for_update(of=("self",)).select_related("operator").get(pk=location.pk)
    if written := HostStatement.objects.filter(location=place, month=month).first():
        return written
    history, operator = shares.history(place), place.operator
    if not history or history[0].valid_from > month:
        return None
    counted = shares.uncounted(operator, place, history, month)
    lines = sharing.all_lines(history, counted, month, operator)
    current = shares.holding(history, month)
    if current is None and not lines:
        return None
    return _write(place, month, current or history[-1], counted, lines)


def foresee(*, location: Location, month: date) -> Decimal | None:
    """What a month itself would come to now, without what an earlier one has still to correct; None where nothing is agreed. Nothing
    is written."""
    history, operator = shares.history(location), location.operator
    if not history or history[0].valid_from > month:
        return None
    counted = shares.uncounted(operator, location, history, month)
    return sharing.total(sharing.of_month(history, counted, month, month, operator))


def mail(*, statement_id: int) -> bool:
    """To the host, once, whoever asks. Raises Unavailable where the mail server is away."""
    row = HostStatement.objects.select_related("operator", "location").get(pk=statement_id)

    def deliver() -> None:
        facts = {
            "statement": row,
            "operator": row.operator,
            "location": row.location,
            "total": statement.total(row),
            "link": f"{settings.PUBLIC_URL}/host/",
        }
        pdf = email.Attachment(f"{statement.stem(row)}.pdf", statement.pdf(row), "application/pdf")
        email.send(
            to=row.host_email, name="emails/host_statement", facts=facts, language=row.language, attachments=[pdf]
        )

    return once.send(key=f"host-statement:{row.pk}", to=row.host_email, deliver=deliver)


def _write(
    place: Location, month: date, share: RevenueShare, counted: Counted, lines: list[sharing.Line]
) -> HostStatement:
    operator, sums = place.operator, counted.by_month.get(month, Sums())
    numbered = numbering.take(operator_id=operator.pk, series=numbering.STATEMENTS, today=_today(operator))
    row = HostStatement.objects.create(
        operator=operator,
        location=place,
        share=share,
        month=month,
        year=numbered.year,
        sequence=numbered.sequence,
        number=numbered.number,
        issued_on=numbered.on,
        language=share.language,
        currency=operator.currency,
        host_email=share.host_email,
        host=json.dumps(_host(share, place), ensure_ascii=False, sort_keys=True),
        lines=json.dumps([asdict(line) for line in lines], ensure_ascii=False),
        sessions=max(sums.sessions, 0),
        energy=energies.from_mwh(energies.to_mwh(sums.energy)),
        revenue=sums.net,
        total=sharing.total(lines),
    )
    HostStatementItem.objects.bulk_create(
        [
            *(HostStatementItem(statement=row, cdr_id=pk) for pk in counted.cdrs),
            *(HostStatementItem(statement=row, refund_id=pk) for pk in counted.refunds),
            *(HostStatementItem(statement=row, line_id=pk) for pk in counted.lines),
            *(HostStatementItem(statement=row, gives_back_id=pk) for pk in counted.given_back),
        ],
        batch_size=500,
    )
    transaction.on_commit(
        partial(signals.host_statement_issued.send_robust, sender=HostStatement, ids=[row.pk]), robust=True
    )
    return row


def _host(share: RevenueShare, place: Location) -> Mapping[str, str]:
    names = ("host_name", "host_address", "host_vat_number", "host_fiscal_code", "host_iban")
    facts = {name.removeprefix("host_"): getattr(share, name) for name in names}
    return facts | {"location": place.name, "location_address": f"{place.address}, {place.city}"}


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(months.zone(operator)).date()
