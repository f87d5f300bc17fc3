"""A host reports a problem: it stands among the operator's problems, with the host's words."""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cms.core.errors import Invalid
from stations.diagnostics import faults, hands
from stations.models import ChargingStation, Fault, Location

MOST = 300


def chargers(place: Location) -> list[ChargingStation]:
    return list(ChargingStation.objects.filter(location=place, archived_at=None).order_by("identity"))


def send(*, place: Location, charger: int | None, text: str, by: User) -> None:
    """What is known of a charger already gets the host's words as a note: one problem is one problem. Raises Invalid by field."""
    station = next((one for one in chargers(place) if one.pk == charger), None)
    said = " ".join(text.replace("\x00", "").split())
    wrong = {}
    if station is None:
        wrong["charger"] = [_("Choose a charger.")]
    if not said or len(said) > MOST:
        wrong["text"] = [_("Say what is wrong, in up to %(most)s characters.") % {"most": MOST}]
    if wrong or station is None:
        raise Invalid(wrong)
    now = timezone.now()
    known = Fault.objects.filter(station=station, closed_at=None).order_by("-last_seen_at").first()
    if known is None:
        faults.report(station_id=station.pk, kind=Fault.Kind.PROBLEM, code=_("Reported by the host"), at=now)
        known = Fault.objects.get(station=station, closed_at=None, kind=Fault.Kind.PROBLEM, evse_id=0, connector_id=0)
    line = f"{now:%Y-%m-%d %H:%M} UTC, {by}: {said}"
    hands.note(fault=known, text="\n".join(filter(None, (known.note, line)))[-hands.NOTE_LENGTH :])
