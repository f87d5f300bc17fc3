"""From a button on the station's page to a word of stations.vocabulary: what each button asks, and which right it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Token, User
from cms.core import typed
from cms.core.errors import Conflict, Invalid
from cms.core.form_fields import ForgivingDecimalField
from sessions_app.models import ChargingSession, PowerLimit
from sessions_app.services import power_limits, starts, stops
from stations import catalogue
from stations.models import ChargingStation, Command
from stations.services import commands
from stations.vocabulary import commands as words
from stations.vocabulary.values import EvseRef

Asked = Mapping[str, str]
TRIGGERS = (
    "StatusNotification",
    "MeterValues",
    "Heartbeat",
    "BootNotification",
    "FirmwareStatusNotification",
    "DiagnosticsStatusNotification",
    "LogStatusNotification",
    "TransactionEvent",
)

LIMIT_HOURS = {  # how long a power limit lasts
    "": gettext_lazy("until it is lifted"),
    "1": gettext_lazy("for an hour"),
    "4": gettext_lazy("for 4 hours"),
    "12": gettext_lazy("for 12 hours"),
    "24": gettext_lazy("for a day"),
}


@dataclass(frozen=True, slots=True)
class Button:
    """`needs` is an action of accounts.access; `word` the vocabulary's type, by which pages ask `catalogue.supports`."""

    needs: str
    word: type
    ask: Callable[[ChargingStation, Asked, User], Command]


def ask(station: ChargingStation, kind: str, asked: Asked, by: User) -> Command:
    """Raises Invalid for what a form of ours would not send, Conflict where the station cannot be asked now."""
    return BUTTONS[kind].ask(station, asked, by)


def _evse(station: ChargingStation, asked: Asked) -> EvseRef | None:
    """`place` is "1.2" (EVSE 1, connector 2), "1", or "" for the whole station."""
    evse, _dot, connector = asked.get("place", "").partition(".")
    if not evse:
        return None
    if not (evse.isdecimal() and (connector == "" or connector.isdecimal())) or len(evse + connector) > 9:
        raise Invalid({"place": [_("Choose a connector.")]})
    return EvseRef(int(evse), int(connector) if connector else None)


def _request(station: ChargingStation, command: words.Command, by: User) -> Command:
    return commands.request(station=station, command=command, by=by)


def _start(station: ChargingStation, asked: Asked, by: User) -> Command:
    place = _evse(station, asked)
    evse = station.evses.filter(evse_id=place.id).first() if place else None
    if evse is None:
        raise Invalid({"place": [_("Choose a connector.")]})
    tokens = Token.objects.filter(operator=station.operator_id)
    token = tokens.filter(key=typed.line(asked, "token").upper()).select_related("driver").first()
    if token is None:
        raise Invalid({"token": [_("No card or app account with this number.")]})
    return starts.remote(evse=evse, token=token, by=by, driver=token.driver).command


def _stop(station: ChargingStation, asked: Asked, by: User) -> Command:
    number = typed.number(asked, "session")
    session = ChargingSession.objects.filter(station=station, pk=number).first() if number else None
    if session is None:
        raise Invalid({"session": [_("This charge is not running here.")]})
    return stops.remote(session=session, by=by)


def _unlock(station: ChargingStation, asked: Asked, by: User) -> Command:
    place = _evse(station, asked)
    if place is None:
        raise Invalid({"place": [_("Choose a connector.")]})
    return _request(station, words.UnlockConnector(EvseRef(place.id, place.connector or 1)), by)


def _reset(station: ChargingStation, asked: Asked, by: User) -> Command:
    when = asked.get("when", "")
    if when not in ("OnIdle", "Immediate"):
        raise Invalid({"when": [_("Choose when.")]})
    return _request(station, words.Reset(when), by)


def _availability(station: ChargingStation, asked: Asked, by: User) -> Command:
    operative = asked.get("operative", "")
    if operative not in ("yes", "no"):
        raise Invalid({"operative": [_("Choose in or out of service.")]})
    return _request(station, words.ChangeAvailability(operative == "yes", _evse(station, asked)), by)


def _trigger(station: ChargingStation, asked: Asked, by: User) -> Command:
    message = asked.get("message", "")
    if message not in TRIGGERS:
        raise Invalid({"message": [_("Choose a message.")]})
    return _request(station, words.TriggerMessage(message, _evse(station, asked)), by)


def _read_settings(station: ChargingStation, asked: Asked, by: User) -> Command:
    if catalogue.supports(station.ocpp_version, words.GetBaseReport):
        return _request(station, words.GetBaseReport(commands.request_number()), by)
    return _request(station, words.GetVariables(), by)


def _read_one(station: ChargingStation, asked: Asked, by: User) -> Command:
    name = typed.line(asked, "variable")
    if not name:
        raise Invalid({"variable": [_("Name a setting.")]})
    return _request(station, words.GetVariables(((typed.line(asked, "component"), name),)), by)


def _set(station: ChargingStation, asked: Asked, by: User) -> Command:
    name = typed.line(asked, "variable")
    if not name:
        raise Invalid({"variable": [_("Name a setting.")]})
    return _request(
        station, words.SetVariable(typed.line(asked, "component"), name, typed.line(asked, "value", 2500)), by
    )


def _clear_cache(station: ChargingStation, asked: Asked, by: User) -> Command:
    return _request(station, words.ClearCache(), by)


def _limit(station: ChargingStation, asked: Asked, by: User) -> Command:
    place = _evse(station, asked)
    try:
        kilowatts = ForgivingDecimalField(max_digits=7).clean(asked.get("limit", ""))
    except ValidationError as wrong:
        raise Invalid({"limit": wrong.messages}) from wrong
    hours = asked.get("hours", "")
    if hours not in LIMIT_HOURS:
        raise Invalid({"hours": [_("Choose how long.")]})
    limit = power_limits.wish(
        station=station,
        evse_id=place.id if place else 0,
        limit_w=int(kilowatts * 1000),
        until=timezone.now() + timedelta(hours=int(hours)) if hours else None,
        by=by,
    )
    return _on_its_way(limit)


def _lift(station: ChargingStation, asked: Asked, by: User) -> Command:
    limit = PowerLimit.objects.live().filter(station=station, pk=typed.number(asked, "power-limit") or 0).first()
    if limit is None:
        raise Invalid({"limit": [_("This limit has been lifted already.")]})
    return _on_its_way(power_limits.lift(limit=limit, by=by))


def _on_its_way(limit: PowerLimit) -> Command:
    if limit.command is None:
        raise Conflict(_("Nothing had to be sent."), code="nothing_to_send")
    return limit.command


BUTTONS: dict[str, Button] = {
    "start": Button("station.command", words.RequestStart, _start),
    "stop": Button("session.stop", words.RequestStop, _stop),
    "unlock": Button("station.command", words.UnlockConnector, _unlock),
    "reset": Button("station.command", words.Reset, _reset),
    "availability": Button("station.command", words.ChangeAvailability, _availability),
    "trigger": Button("station.command", words.TriggerMessage, _trigger),
    "read": Button("station.command", words.GetVariables, _read_settings),
    "read-one": Button("station.command", words.GetVariables, _read_one),
    "set": Button("station.edit", words.SetVariable, _set),
    "clear-cache": Button("station.command", words.ClearCache, _clear_cache),
    "limit": Button("station.command", words.SetChargingProfile, _limit),
    "lift": Button("station.command", words.ClearChargingProfile, _lift),
}
