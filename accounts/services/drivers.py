"""People who charge, at one operator each."""

from django.db import IntegrityError, transaction

from accounts import access
from accounts.models import ApiKey, Driver, Operator, User
from accounts.services import tokens


def of(*, user: User, operator: Operator) -> Driver:
    """The user's driver row at this operator with its app token, both made on the first visit."""
    driver = Driver.objects.filter(user=user, operator=operator).first() or _first(user, operator)
    tokens.issue_app_token(driver=driver)
    return driver


def _first(user: User, operator: Operator) -> Driver:
    try:
        with transaction.atomic():
            return Driver.objects.create(user=user, operator=operator)
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
