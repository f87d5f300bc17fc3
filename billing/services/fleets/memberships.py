"""Who belongs to a company: invited by mail, joined of their own will, charging privately for a while, gone."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Company, CompanyInvitation, CompanyMember, Driver, User
from accounts.services import drivers
from billing import signals
from billing.services.fleets import companies, histories
from billing.services.fleets.companies import Actor
from cms.core.errors import Conflict, Forbidden, Invalid

INVITATION = timedelta(days=30)
_SALT = "billing.company"


@transaction.atomic
def invite(
    *, company: Company, email: str, cost_centre: str, monthly_cap: Decimal | None, administrator: bool, by: Actor
) -> CompanyInvitation:
    """Somebody may join by the mailed link. Asked again for the same address, the open invitation is renewed. Raises Forbidden;
    Invalid by field; Conflict company_archived or already_member."""
    companies.demand(company, by)
    address = _address(email)
    companies.check_cap(monthly_cap)
    if Company.objects.select_for_update().get(pk=company.pk).archived_at is not None:
        raise Conflict(_("This company is no longer a customer."), code="company_archived")
    if belonging().filter(company=company, driver__user__email__iexact=address).exists():
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
    histories.note(company, "invited", by=by, email=address)
    announce = partial(signals.company_member_invited.send_robust, sender=CompanyInvitation, ids=[invitation.pk])
    transaction.on_commit(announce, robust=True)
    return invitation


@transaction.atomic
def withdraw(*, invitation: CompanyInvitation, by: Actor) -> None:
    """The link opens nothing any more. Raises Forbidden."""
    companies.demand(invitation.company, by)
    open_ = CompanyInvitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if open_.update(withdrawn_at=timezone.now(), updated_at=timezone.now()):
        histories.note(invitation.company, "withdrawn", by=by, email=invitation.email)


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
    member = _joined(invitation.company, driver, invitation)
    histories.note(invitation.company, "joined", by=user, driver=driver)
    return member


@transaction.atomic
def change_member(
    *, member: CompanyMember, cost_centre: str, monthly_cap: Decimal | None, administrator: bool, by: Actor
) -> None:
    """Holds for charges that are priced from now on. Raises Forbidden, Invalid."""
    companies.demand(member.company, by)
    companies.check_cap(monthly_cap)
    belonging().filter(pk=member.pk).update(
        cost_centre=cost_centre.strip()[:40],
        monthly_cap=monthly_cap,
        administrator=administrator,
        updated_at=timezone.now(),
    )
    told = {"cost_centre": cost_centre.strip()[:40], "monthly_cap": monthly_cap, "administrator": administrator}
    if changed := {name: value for name, value in told.items() if getattr(member, name) != value}:
        histories.note(member.company, "member_changed", by=by, driver=member.driver, **changed)


@transaction.atomic
def end(*, member: CompanyMember, by: Actor) -> None:
    """What begins from now on the driver pays. A running charge stays the company's. The driver may leave, too. Raises Forbidden."""
    if not (isinstance(by, User) and member.driver.user_id == by.pk):
        companies.demand(member.company, by)
    now = timezone.now()
    ended = CompanyMember.objects.filter(pk=member.pk, left_at=None).update(left_at=now, updated_at=now)
    ended += CompanyMember.objects.filter(pk=member.pk, private=True).update(private=False, updated_at=now)
    if ended:
        histories.note(member.company, "left", by=by, driver=member.driver)


# ---- one's own charges -----------------------------------------------------------------------------------------------------


@transaction.atomic
def go_private(*, member: CompanyMember, by: User) -> None:
    """What begins from now on the driver pays, until `come_back`. A running charge stays the company's. Raises Forbidden."""
    _demand_own(member, by)
    now = timezone.now()
    if CompanyMember.objects.filter(pk=member.pk, left_at=None).update(left_at=now, private=True, updated_at=now):
        histories.note(member.company, "private", by=by, driver=member.driver)


@transaction.atomic
def come_back(*, member: CompanyMember, by: User) -> CompanyMember | None:
    """What begins from now on the company pays again, on the terms that hold now. None where nothing is to come back to. Raises
    Forbidden; Conflict other_company."""
    _demand_own(member, by)
    if not CompanyMember.objects.filter(pk=member.pk, private=True).update(private=False, updated_at=timezone.now()):
        return None
    histories.note(member.company, "back", by=by, driver=member.driver)
    return _joined(member.company, member.driver, member)


def _demand_own(member: CompanyMember, by: User) -> None:
    if member.driver.user_id != by.pk:
        raise Forbidden(_("Only the driver decides that."), action="company.edit")


def _joined(company: Company, driver: Driver, terms: CompanyInvitation | CompanyMember) -> CompanyMember:
    now = timezone.now()
    CompanyMember.objects.filter(driver=driver, private=True).update(private=False, updated_at=now)
    try:
        with transaction.atomic():
            return CompanyMember.objects.create(
                company=company,
                driver=driver,
                joined_at=now,
                cost_centre=terms.cost_centre,
                monthly_cap=terms.monthly_cap,
                administrator=terms.administrator,
            )
    except IntegrityError as clash:
        raise Conflict(_("You belong to a company here already: leave it first."), code="other_company") from clash


# ---- reading ---------------------------------------------------------------------------------------------------------------


def belonging() -> "QuerySet[CompanyMember]":
    """Members now, those included who charge privately for the moment."""
    return CompanyMember.objects.filter(Q(left_at=None) | Q(private=True))


def of(driver: Driver) -> CompanyMember | None:
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
