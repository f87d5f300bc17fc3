"""Companies that pay for what their people charge: whose charges go on their account, and what an invoice and a budget need. Who belongs
to them is `memberships`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, identity
from accounts.models import ApiKey, Company, CompanyInvitation, CompanyMember, Operator, User
from accounts.services import drivers
from billing.models import CDR
from billing.services.fleets import histories
from cms.core.errors import Forbidden, Invalid
from cms.core.models import checked
from sessions_app.models import ChargingSession

Actor = User | ApiKey | None
"""None: the system itself."""

MOST_DAYS = 365


# ---- who pays -----------------------------------------------------------------------------------------------------------


def payers(sessions: Sequence[ChargingSession]) -> dict[int, tuple[int, str]]:
    """(company, cost centre) by session, for drivers who were members at the moment of the start; one query. Others are left
    out: their drivers pay themselves."""
    asked = {session.driver_id for session in sessions if session.driver_id}
    if not asked:
        return {}
    belonged: dict[int, list[CompanyMember]] = defaultdict(list)
    for member in CompanyMember.objects.filter(driver__in=asked).order_by("-joined_at", "-pk"):
        belonged[member.driver_id].append(member)
    found = {session.pk: _member_at(belonged.get(session.driver_id or 0, ()), session) for session in sessions}
    return {pk: (member.company_id, member.cost_centre) for pk, member in found.items() if member is not None}


def bundles(operator: Operator, until: datetime) -> list[list[CDR]]:
    """What a monthly run invoices: the charges of each company that ended before `until` and are on no invoice, one list for each
    document. A document has one currency and one kind of prices."""
    open_ = CDR.objects.billable().uninvoiced().filter(operator=operator, company__isnull=False, stopped_at__lt=until)
    found: dict[tuple[Any, ...], list[CDR]] = defaultdict(list)
    for cdr in open_.filter(total_incl_vat__gt=0).order_by("company", "cost_centre", "started_at", "pk"):
        found[cdr.company_id, cdr.currency, cdr.tax_included].append(cdr)
    return list(found.values())


def _member_at(members: Sequence[CompanyMember], session: ChargingSession) -> CompanyMember | None:
    at = session.started_at
    return next((m for m in members if m.joined_at <= at and (m.left_at is None or at < m.left_at)), None)


# ---- the company ----------------------------------------------------------------------------------------------------------


def administered(user: User) -> "QuerySet[Company]":
    """The companies that this person looks after, also while they charge privately."""
    belongs = Q(members__left_at=None) | Q(members__private=True)
    return Company.objects.filter(belongs, archived_at=None, members__driver__user=user, members__administrator=True)


def demand(company: Company, by: Actor) -> None:
    """Staff with the right, or an administrator of the company itself. Raises Forbidden."""
    if by is None or access.can(by, "company.edit", company):
        return
    if not (isinstance(by, User) and administered(by).filter(pk=company.pk).exists()):
        raise Forbidden(_("Your role does not allow this."), action="company.edit")


@transaction.atomic
def create(*, operator: Operator, values: Mapping[str, Any], by: Actor) -> Company:
    """Raises Forbidden; Invalid by field. `values`: see `update`."""
    if by is not None:
        access.demand(by, "company.edit", operator)
    company = _write(Company(operator=operator), values)
    histories.note(company, "created", by=by)
    return company


@transaction.atomic
def update(*, company: Company, values: Mapping[str, Any], by: Actor) -> Company:
    """Changes what is named: `name`, `monthly_cap` and `credit_limit` (None: none), `payment_days` and accounts.services.drivers.BILLING. With a VAT
    number or a fiscal code the rest of what an invoice needs is needed too. Raises Forbidden; Invalid by field."""
    if by is not None:
        access.demand(by, "company.edit", company)
    before = Company.objects.get(pk=company.pk)
    after = _write(company, values)
    watched = ("name", "monthly_cap", "credit_limit", "payment_days", *drivers.BILLING)
    if changed := [name for name in watched if getattr(before, name) != getattr(after, name)]:
        histories.note(after, "changed", by=by, fields=changed)
    return after


@transaction.atomic
def set_cap(*, company: Company, cap: Decimal | None, by: Actor) -> None:
    """The company's own budget of a month: its administrators may change it, up to what the operator lends. Raises Forbidden, Invalid."""
    demand(company, by)
    check_cap(cap)
    limit = company.credit_limit
    if limit is not None and cap is not None and cap > limit:
        raise Invalid({"monthly_cap": [_most(limit)]})
    Company.objects.filter(pk=company.pk).update(monthly_cap=cap, updated_at=timezone.now())
    histories.note(company, "cap", by=by, before=company.monthly_cap, after=cap)


@transaction.atomic
def archive(*, company: Company, by: Actor) -> None:
    """Nobody charges on its account any more; what was charged is still invoiced. Raises Forbidden."""
    if by is not None:
        access.demand(by, "company.edit", company)
    now = timezone.now()
    if not Company.objects.filter(pk=company.pk, archived_at=None).update(archived_at=now, updated_at=now):
        return
    for member in CompanyMember.objects.filter(company=company, left_at=None).select_related("driver"):
        histories.note(company, "left", by=by, driver=member.driver)
    histories.note(company, "archived", by=by)
    CompanyMember.objects.filter(company=company, left_at=None).update(left_at=now, updated_at=now)
    CompanyMember.objects.filter(company=company, private=True).update(private=False, updated_at=now)
    open_ = CompanyInvitation.objects.filter(company=company, accepted_at=None, withdrawn_at=None)
    open_.update(withdrawn_at=now, updated_at=now)


def _write(company: Company, values: Mapping[str, Any]) -> Company:
    typed = {name: str(values[name]) for name in drivers.BILLING if name in values}
    cleaned, wrong = identity.clean(typed)
    for name, value in cleaned.items():
        setattr(company, name, value)
    company.name = str(values.get("name", company.name)).strip()
    company.monthly_cap = values.get("monthly_cap", company.monthly_cap)
    company.credit_limit = values.get("credit_limit", company.credit_limit)
    company.payment_days = values.get("payment_days", company.payment_days)
    wrong |= _missing(company) | _wrong_amounts(company)
    if not 0 <= company.payment_days <= MOST_DAYS:
        wrong["payment_days"] = [_("From 0 to %(most)s days.") % {"most": MOST_DAYS}]
    try:
        checked(company)
    except Invalid as invalid:
        wrong = dict(invalid.fields) | wrong
    if wrong:
        raise Invalid(wrong)
    try:
        with transaction.atomic():
            company.save()
    except IntegrityError as clash:
        raise Invalid({"name": [_("There is a company of that name already.")]}) from clash
    return company


def _missing(company: Company) -> dict[str, list[str]]:
    if not (company.vat_number or company.fiscal_code):
        return {}
    needed = [name for name in drivers.NEEDED_BY_AN_INVOICE if name != "billing_name"]
    needed += ["province"] if company.country_code == "IT" else []
    return {name: [_("An invoice needs it.")] for name in needed if not getattr(company, name)}


def _wrong_amounts(company: Company) -> dict[str, list[str]]:
    cap, limit = company.monthly_cap, company.credit_limit
    wrong = {
        name: [_("Zero or more; empty for no cap.")]
        for name, amount in (("monthly_cap", cap), ("credit_limit", limit))
        if amount is not None and amount < 0
    }
    if not wrong and cap is not None and limit is not None and cap > limit:
        wrong["monthly_cap"] = [_most(limit)]
    return wrong


def check_cap(cap: Decimal | None) -> None:
    """Raises Invalid."""
    if cap is not None and cap < 0:
        raise Invalid({"monthly_cap": [_("Zero or more; empty for no cap.")]})


def _most(limit: Decimal) -> str:
    return _("At most %(most)s, which is what the operator lends in a month.") % {"most": limit.normalize()}
