"""Whom a host lets charge at the site: staff and guests, in a group of drivers of the site's own. What they pay is what the operator
gives the group; until then they pay what everybody pays."""

import re
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Driver, DriverGroup, User
from accounts.notifications import once, send
from accounts.services import people
from billing import signals
from billing.models import HostGuests, TariffAssignment
from cms.core.errors import Invalid
from stations.models import Location

AT_ONCE, MOST = 50, 500


def of(location: Location) -> list[Driver]:
    group = _group(location)
    return list(group.drivers.select_related("user").order_by("user__email")) if group else []


def price(location: Location) -> bool:
    """Has the operator given them a price of their own?"""
    group = _group(location)
    return group is not None and TariffAssignment.objects.filter(driver_group=group).exists()


def invite(*, location: Location, text: str, by: User) -> int:
    """Addresses as they are pasted: between commas, spaces, lines. Returns how many are new; each gets a mail. Raises Invalid(emails)."""
    emails = _read(text)
    with transaction.atomic():
        group = _group(location) or _opened(location)
        known = set(group.drivers.values_list("user__email", flat=True))
        new = [email for email in emails if email not in known]
        if len(known) + len(new) > MOST:
            raise Invalid({"emails": [_("A site has up to %(most)s guests.") % {"most": MOST}]})
        added: list[int] = []
        for email in new:
            user = people.ensure(email=email, language=location.operator.language)
            driver, _made = Driver.objects.get_or_create(user=user, operator=location.operator)
            group.drivers.add(driver)
            added.append(driver.pk)
        announce = partial(
            signals.host_guests_invited.send_robust, sender=HostGuests, ids=added, location=location.pk, by=str(by)
        )
        transaction.on_commit(announce, robust=True)
    return len(added)


def remove(*, location: Location, driver_id: int) -> None:
    """They go on as drivers like any other. A second time is boring."""
    if group := _group(location):
        group.drivers.remove(*group.drivers.filter(pk=driver_id))


def _read(text: str) -> list[str]:
    emails = list(
        dict.fromkeys(part.lower() for part in re.split(r"[\s,;<>]+", text.replace("\x00", "")) if "@" in part)
    )
    wrong = []
    for email in emails:
        try:
            validate_email(email)
        except ValidationError:
            wrong.append(email)
    if wrong:
        raise Invalid({"emails": [_("No e-mail address: %(wrong)s") % {"wrong": ", ".join(wrong[:5])}]})
    if not 1 <= len(emails) <= AT_ONCE:
        raise Invalid({"emails": [_("From 1 to %(most)s e-mail addresses.") % {"most": AT_ONCE}]})
    return emails


def _group(location: Location) -> DriverGroup | None:
    row = HostGuests.objects.filter(location=location).select_related("group").first()
    return row.group if row else None


def _opened(location: Location) -> DriverGroup:
    name = _("Guests of %(place)s") % {"place": f"{location.name} ({location.pk})"}
    group, _made = DriverGroup.objects.get_or_create(operator=location.operator, name=name[:100])
    return HostGuests.objects.get_or_create(location=location, defaults={"group": group})[0].group


def tell(*, location_id: int, driver_id: int, by: str) -> bool:
    """Once for each site; nobody who was taken off meanwhile. Raises Unavailable."""
    driver = Driver.objects.select_related("user", "operator").get(pk=driver_id)
    row = HostGuests.objects.filter(location=location_id, group__drivers=driver).select_related("location").first()
    if row is None:
        return False
    facts = {"by": by, "location": row.location, "operator": driver.operator, "link": settings.PUBLIC_URL}
    language = driver.operator.language

    def deliver() -> None:
        send.to_user(user=driver.user, name="emails/host_guest", facts=facts, language=language)

    return once.send(key=f"host-guest:{row.location_id}:{driver.pk}", to=driver.user.email, deliver=deliver)
