"""Companies that pay for what their people charge: who belongs to them, and what goes on their invoice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, identity
from accounts.models import ApiKey, Company, CompanyInvitation, CompanyMember, Driver, Operator, User
from accounts.services import drivers
from billing import signals
from billing.models import CDR
from cms.core.errors import Conflict, Forbidden, Invalid
from cms.core.models import checked
from sessions_app.models import ChargingSession

Actor = User | ApiKey | None
"""None: the system itself."""

INVITATION = timedelta(days=30)
MOST_DAYS = 365
_SALT = "billing.company"


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
    """The companies that this person looks after."""
    return Company.objects.filter(
        archived_at=None, members__driver__user=user, members__administrator=True, members__left_at=None
    )


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
    return _write(Company(operator=operator), values)


@transaction.atomic
def update(*, company: Company, values: Mapping[str, Any], by: Actor) -> Company:
    """Changes what is named: `name`, `monthly_cap` (None: none), `payment_days` and accounts.services.drivers.BILLING. With a VAT
    number or a fiscal code the rest of what an invoice needs is needed too. Raises Forbidden; Invalid by field."""
    if by is not None:
        access.demand(by, "company.edit", company)
    return _write(company, values)


@transaction.atomic
def set_cap(*, company: Company, cap: Decimal | None, by: Actor) -> None:
    """The company's own budget of a month: its administrators may change it. Raises Forbidden, Invalid."""
    demand(company, by)
    _check_cap(cap)
    Company.objects.filter(pk=company.pk).update(monthly_cap=cap, updated_at=timezone.now())


@transaction.atomic
def archive(*, company: Company, by: Actor) -> None:
    """Nobody charges on its account any more; what was charged is still invoiced. Raises Forbidden."""
    if by is not None:
        access.demand(by, "company.edit", company)
    now = timezone.now()
    Company.objects.filter(pk=company.pk, archived_at=None).update(archived_at=now, updated_at=now)
    CompanyMember.objects.filter(company=company, left_at=None).update(left_at=now, updated_at=now)
    _open(company).update(withdrawn_at=now, updated_at=now)


def _write(company: Company, values: Mapping[str, Any]) -> Company:
    typed = {name: str(values[name]) for name in drivers.BILLING if name in values}
    cleaned, wrong = identity.clean(typed)
    for name, value in cleaned.items():
        setattr(company, name, value)
    company.name = str(values.get("name", company.name)).strip()
    company.monthly_cap = values.get("monthly_cap", company.monthly_cap)
    company.payment_days = values.get("payment_days", company.payment_days)
    wrong |= _missing(company)
    if company.monthly_cap is not None and company.monthly_cap < 0:
        wrong["monthly_cap"] = [_("Zero or more; empty for no cap.")]
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


def _check_cap(cap: Decimal | None) -> None:
    if cap is not None and cap < 0:
        raise Invalid({"monthly_cap": [_("Zero or more; empty for no cap.")]})


# ---- who belongs to it ------------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(
    *, company: Company, email: str, cost_centre: str, monthly_cap: Decimal | None, administrator: bool, by: Actor
) -> CompanyInvitation:
    """Somebody may join by the mailed link. Asked again for the same address, the open invitation is renewed. Raises Forbidden;
    Invalid by field; Conflict company_archived or already_member."""
    demand(company, by)
    address = _address(email)
    _check_cap(monthly_cap)
    if Company.objects.select_for_update().get(pk=company.pk).archived_at is not None:
        raise Conflict(_("This company is no longer a customer."), code="company_archived")
    if CompanyMember.objects.filter(company=company, left_at=None, driver__user__email__iexact=address).exists():
        raise Conflict(_("%(email)s belongs to the company already.") % {"email": address}, code="already_member")
    _open(company).filter(email=address).update(withdrawn_at=timezone.now(), updated_at=timezone.now())
    invitation = CompanyInvitation.objects.create(
        company=company,
        email=address,
        cost_centre=cost_centre.strip()[:40],
        monthly_cap=monthly_cap,
        administrator=administrator,
        invited_by=by if isinstance(by, User) else None,
    )
    announce = partial(signals.company_member_invited.send_robust, sender=CompanyInvitation, ids=[invitation.pk])
    transaction.on_commit(announce, robust=True)
    return invitation


@transaction.atomic
def withdraw(*, invitation: CompanyInvitation, by: Actor) -> None:
    """The link opens nothing any more. Raises Forbidden."""
    demand(invitation.company, by)
    open_ = CompanyInvitation.objects.filter(pk=invitation.pk, accepted_at=None)
    open_.update(withdrawn_at=timezone.now(), updated_at=timezone.now())


def token_of(invitation: CompanyInvitation) -> str:
    """What the link carries: signed, dated."""
    return signing.dumps(invitation.pk, salt=_SALT)


def invitation_of(token: str) -> CompanyInvitation | None:
    """The open invitation of a link; None where the link is wrong, too old, used or withdrawn."""
    try:
        pk = signing.loads(token, salt=_SALT, max_age=INVITATION)
    except signing.BadSignature:
        return None
    found = CompanyInvitation.objects.filter(pk=pk, accepted_at=None, withdrawn_at=None, company__archived_at=None)
    return found.select_related("company__operator", "invited_by").first()


@transaction.atomic
def accept(*, invitation: CompanyInvitation, user: User) -> CompanyMember:
    """The person joins of their own will: from now on the company pays for their charges, and sees them. Whoever has the mailed
    link may use it once, with whatever account. Raises Conflict invitation_over or other_company."""
    now = timezone.now()
    open_ = CompanyInvitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if not open_.update(accepted_at=now, updated_at=now):
        raise Conflict(_("This invitation has been used or withdrawn."), code="invitation_over")
    driver = drivers.of(user=user, operator=invitation.company.operator)
    facts = {
        "cost_centre": invitation.cost_centre,
        "monthly_cap": invitation.monthly_cap,
        "administrator": invitation.administrator,
    }
    try:
        with transaction.atomic():
            return CompanyMember.objects.create(company=invitation.company, driver=driver, joined_at=now, **facts)
    except IntegrityError as clash:
        raise Conflict(_("You belong to a company here already: leave it first."), code="other_company") from clash


@transaction.atomic
def change_member(
    *, member: CompanyMember, cost_centre: str, monthly_cap: Decimal | None, administrator: bool, by: Actor
) -> None:
    """Holds for charges that are priced from now on. Raises Forbidden, Invalid."""
    demand(member.company, by)
    _check_cap(monthly_cap)
    CompanyMember.objects.filter(pk=member.pk, left_at=None).update(
        cost_centre=cost_centre.strip()[:40],
        monthly_cap=monthly_cap,
        administrator=administrator,
        updated_at=timezone.now(),
    )


@transaction.atomic
def end_membership(*, member: CompanyMember, by: Actor) -> None:
    """What begins from now on the driver pays. A running charge stays the company's. The driver may leave, too. Raises Forbidden."""
    if not (isinstance(by, User) and member.driver.user_id == by.pk):
        demand(member.company, by)
    CompanyMember.objects.filter(pk=member.pk, left_at=None).update(left_at=timezone.now(), updated_at=timezone.now())


def membership_of(driver: Driver) -> CompanyMember | None:
    """Where this driver's next charge goes; None: the driver pays."""
    return CompanyMember.objects.filter(driver=driver, left_at=None).select_related("company").first()


def _open(company: Company) -> "QuerySet[CompanyInvitation]":
    return CompanyInvitation.objects.filter(company=company, accepted_at=None, withdrawn_at=None)


def _address(typed: str) -> str:
    address = typed.strip().lower()
    try:
        validate_email(address)
    except ValidationError as wrong:
        raise Invalid({"email": [_("An e-mail address, like name@example.org.")]}) from wrong
    return address
