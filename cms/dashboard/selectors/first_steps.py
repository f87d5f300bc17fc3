"""What a new network still lacks for its first charge: a list that ticks itself off, until that charge."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Operator, Token, User
from billing.models import TariffAssignment
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Location
from stations.views import links


@dataclass(frozen=True, slots=True)
class Step:
    """`href` and `action` are empty for whoever may not do it."""

    word: str
    detail: str
    done: bool
    href: str = ""
    action: str = ""


def over(operator: Operator) -> bool:
    """Somebody has charged here: the list has done its work."""
    return ChargingSession.objects.filter(operator=operator).exists()


def of(operator: Operator, user: User) -> list[Step]:
    """In the order in which they are done best; any other works too. Four queries."""
    stations = list(ChargingStation.objects.current().filter(operator=operator).order_by("-pk")[:50])
    met = next((station for station in stations if station.last_seen), None)
    newest = stations[0] if stations else None
    online = next((station for station in stations if station.online), None)
    found = (
        ("location.edit", Location.objects.filter(operator=operator, archived_at=None).exists(), *_site()),
        ("tariff.edit", TariffAssignment.objects.filter(operator=operator).exists(), *_price()),
        ("station.edit", newest is not None, *_station()),
        ("station.edit", met is not None, *_connection(newest)),
        ("token.edit", Token.objects.filter(operator=operator).exists(), *_card()),
        ("station.command", False, *_charge(online)),
    )
    return [
        Step(word, detail, done, *((href, action) if not done and access.can(user, needs, operator) else ()))
        for needs, done, word, detail, href, action in found
    ]


_Told = tuple[str, str, str, str]  # word, detail, href, action


def _site() -> _Told:
    return _("Add the site"), _("Name, address, where it is on the map"), "/ops/locations/new/", _("Add a site")


def _price() -> _Told:
    return (
        _("Set a price"),
        _("One price per kWh is enough; without one, charging is free"),
        "/ops/tariffs/new/",
        _("Add a price"),
    )


def _station() -> _Told:
    told = _("You get an address and a password to type into it")
    return _("Add the charger"), told, "/ops/stations/new/", _("Add a station")


def _connection(newest: ChargingStation | None) -> _Told:
    told = _("Its connectors and EVSE codes appear by themselves")
    href = reverse("stations:connect", args=[links.key(newest)]) if newest else ""
    return _("See it connect"), told, href, _("Help it connect") if newest else ""


def _card() -> _Told:
    return _("Add a card"), _("The RFID card of whoever tries it first"), "/ops/tokens/new/", _("Add a card")


def _charge(online: ChargingStation | None) -> _Told:
    told = _("Plug in, hold the card to the reader, or start from here")
    href = f"{links.page(online)}?ask=start#ask-start" if online else ""
    return _("Make a test charge"), told, href, _("Start a charge") if online else ""
