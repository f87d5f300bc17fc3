"""People who charge, at one operator each."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import access, identity
from accounts.models import ApiKey, Driver, Operator, User
from accounts.services import tokens
from cms.core.errors import Invalid
from cms.core.models import checked

BILLING = (
    "billing_name",
    "vat_number",
    "fiscal_code",
    "address",
    "postal_code",
    "city",
    "province",
    "country_code",
    "sdi_code",
    "pec",
)
NEEDED_BY_AN_INVOICE = ("billing_name", "address", "postal_code", "city")


def of(*, user: User, operator: Operator) -> Driver:
    """The user's driver row at this operator with its app token, both made on the first visit.

    Billing data given elsewhere come along: nobody is asked twice.
    """
    driver = Driver.objects.filter(user=user, operator=operator).first() or _first(user, operator)
    tokens.issue_app_token(driver=driver)
    return driver


def update_billing(*, user: User, values: Mapping[str, str]) -> None:
    """The person's own billing data, at every operator where they charge. Names in `values`: see BILLING.

    With a VAT number or a fiscal code the rest of what an invoice needs is needed too. Raises Invalid by field; then
    nothing is changed.
    """
    cleaned, wrong = identity.clean({name: values[name] for name in BILLING if name in values})
    drivers = list(Driver.objects.filter(user=user).order_by("pk"))
    for driver in drivers:
        for name, value in cleaned.items():
            setattr(driver, name, value)
        wrong = _errors(driver, cleaned, invoiced=bool(driver.vat_number or driver.fiscal_code)) | wrong
    if wrong:
        raise Invalid(wrong)
    with transaction.atomic():
        for driver in drivers:
            driver.save(update_fields=[*cleaned, "updated_at"])


def guest(*, operator: Operator, values: Mapping[str, str]) -> Driver:
    """Somebody without an account as the buyer of one invoice: a Driver that is no row. Raises Invalid by field."""
    cleaned, wrong = identity.clean({name: values[name] for name in BILLING if name in values})
    buyer = Driver(operator=operator, **cleaned)
    wrong = _errors(buyer, cleaned, invoiced=True) | wrong
    known = buyer.vat_number or buyer.fiscal_code or buyer.country_code != "IT"  # abroad a private person has none
    if not (known or "vat_number" in wrong or "fiscal_code" in wrong):
        wrong["vat_number"] = [_("An invoice needs a VAT number or a fiscal code.")]
    if wrong:
        raise Invalid(wrong)
    return buyer


def _errors(driver: Driver, cleaned: Mapping[str, str], *, invoiced: bool) -> dict[str, list[str]]:
    wrong = {}
    if invoiced:
        needed = (*NEEDED_BY_AN_INVOICE, *(["province"] if driver.country_code == "IT" else []))
        wrong = {name: [_("An invoice needs it.")] for name in needed if not getattr(driver, name)}
    try:
        checked(driver)
    except Invalid as invalid:
        wrong |= {name: said for name, said in invalid.fields.items() if name in cleaned}
    return wrong


def _first(user: User, operator: Operator) -> Driver:
    known = Driver.objects.filter(user=user).order_by("-updated_at").values(*BILLING).first() or {}
    try:
        with transaction.atomic():
            return Driver.objects.create(user=user, operator=operator, **known)
    except IntegrityError:  # the same person in two tabs
        return Driver.objects.get(user=user, operator=operator)


def block(*, driver: Driver, by: User | ApiKey | None) -> None:
    """No token of this driver starts anything from now on; what runs goes on."""
    _set_blocked(driver, True, by)


def unblock(*, driver: Driver, by: User | ApiKey | None) -> None:
    _set_blocked(driver, False, by)


def _set_blocked(driver: Driver, blocked: bool, by: User | ApiKey | None) -> None:
    if by is not None:
        access.demand(by, "driver.edit", driver)
    driver.blocked = blocked
    driver.save(update_fields=["blocked", "updated_at"])
