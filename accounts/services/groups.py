"""Groups of drivers: a tariff may hold for one of them."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Driver, DriverGroup, Operator, User
from cms.core.errors import Invalid, NotFound

Actor = User | ApiKey | None


@transaction.atomic
def create(*, operator: Operator, name: str, by: Actor) -> DriverGroup:
    """Raises Forbidden, Invalid."""
    _demand(by, operator)
    return _named(DriverGroup(operator=operator), name)


@transaction.atomic
def rename(*, group: DriverGroup, name: str, by: Actor) -> DriverGroup:
    """Raises Forbidden, Invalid."""
    _demand(by, group)
    return _named(group, name)


@transaction.atomic
def add(*, group: DriverGroup, email: str, by: Actor) -> Driver:
    """By e-mail address: a driver of this operator. Raises Forbidden, NotFound."""
    _demand(by, group)
    driver = Driver.objects.filter(operator=group.operator_id, user__email__iexact=email.strip()).first()
    if driver is None:
        raise NotFound(_("No driver of yours has this address. People become drivers with their first charge."))
    group.drivers.add(driver)
    return driver


@transaction.atomic
def remove(*, group: DriverGroup, driver: Driver, by: Actor) -> None:
    """Raises Forbidden."""
    _demand(by, group)
    group.drivers.remove(driver)


def _named(group: DriverGroup, name: str) -> DriverGroup:
    group.name = name.strip()
    if not group.name or len(group.name) > 100:
        raise Invalid({"name": [_("A name of up to 100 characters.")]})
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as clash:
        raise Invalid({"name": [_("There is a group of that name already.")]}) from clash
    return group


def _demand(by: Actor, obj: Operator | DriverGroup) -> None:
    if by is not None:
        access.demand(by, "driver.edit", obj)
