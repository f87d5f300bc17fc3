"""A command as people follow it: sent → accepted by the charger → effect seen. Green only when the effect was seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.dashboard import refusals
from stations.models import Command

DONE, NOW, SEEN, FAILED = "done", "now", "seen", "failed"
Status = Command.Status


@dataclass(frozen=True, slots=True)
class Effect:
    """What evidence will show, and how long we wait for it. `missed` "" means: nothing need come of it."""

    waiting: Promise
    seen: Promise
    within_s: int
    missed: Promise | str = ""


_START = Effect(
    gettext_lazy("Waiting for energy to flow"),
    gettext_lazy("Charging"),
    60,
    gettext_lazy("accepted, but no charge began: no cable seen in time"),
)
_STOP = Effect(
    gettext_lazy("Waiting for the charge to end"),
    gettext_lazy("Charge ended"),
    60,
    gettext_lazy("accepted, but the charge goes on"),
)
EFFECTS = {
    "RemoteStartTransaction": _START,
    "RequestStartTransaction": _START,
    "RemoteStopTransaction": _STOP,
    "RequestStopTransaction": _STOP,
    "Reset": Effect(
        gettext_lazy("Waiting to see it restart"),
        gettext_lazy("Restarted"),
        24 * 3600,
        gettext_lazy("accepted, but it never came back"),
    ),
    "UnlockConnector": Effect(
        gettext_lazy("Waiting for word from the connector"), gettext_lazy("Connector reported"), 60
    ),
    "ChangeAvailability": Effect(
        gettext_lazy("Waiting to see the new state"),
        gettext_lazy("New state seen"),
        24 * 3600,
        gettext_lazy("accepted, but the state never changed"),
    ),
    "TriggerMessage": Effect(
        gettext_lazy("Waiting for the message"),
        gettext_lazy("Message arrived"),
        60,
        gettext_lazy("promised, but it never came"),
    ),
    "ExtendedTriggerMessage": Effect(
        gettext_lazy("Waiting for the message"),
        gettext_lazy("Message arrived"),
        60,
        gettext_lazy("promised, but it never came"),
    ),
}

WORDS = {
    "RemoteStartTransaction": gettext_lazy("Start a charge"),
    "RequestStartTransaction": gettext_lazy("Start a charge"),
    "RemoteStopTransaction": gettext_lazy("Stop a charge"),
    "RequestStopTransaction": gettext_lazy("Stop a charge"),
    "Reset": gettext_lazy("Restart"),
    "UnlockConnector": gettext_lazy("Unlock the cable"),
    "ChangeAvailability": gettext_lazy("Change availability"),
    "TriggerMessage": gettext_lazy("Ask for a message"),
    "GetConfiguration": gettext_lazy("Read settings"),
    "GetVariables": gettext_lazy("Read settings"),
    "GetBaseReport": gettext_lazy("Read all settings"),
    "ChangeConfiguration": gettext_lazy("Change a setting"),
    "SetVariables": gettext_lazy("Change a setting"),
    "GetDiagnostics": gettext_lazy("Fetch a log"),
    "GetLog": gettext_lazy("Fetch a log"),
    "UpdateFirmware": gettext_lazy("Update firmware"),
    "ClearCache": gettext_lazy("Clear the token cache"),
    "SetChargingProfile": gettext_lazy("Limit the power"),
    "ClearChargingProfile": gettext_lazy("Lift a power limit"),
    "GetCompositeSchedule": gettext_lazy("Ask what power is allowed"),
}
SCHEDULED = frozenset({"Scheduled", "RebootRequired"})


def word(command: Command) -> str:
    return str(WORDS.get(command.action, command.action))


def members(text: str | None) -> Mapping[str, Any]:
    """The members of a JSON object, {} for anything else."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def where(command: Command) -> str:
    """ "connector 2", where the request names one."""
    payload = members(command.payload)
    evse = payload.get("evse")
    number = evse.get("id") if isinstance(evse, dict) else payload.get("connectorId", payload.get("evseId"))
    return _("connector %(number)s") % {"number": number} if isinstance(number, int) and number > 0 else ""


def of(command: Command, *, now: datetime, zone: ZoneInfo) -> list[dict[str, str]]:
    """The stages for `.steps`; `time` is ready text, `since`/`until` let the page count on ("4 s of 30")."""
    if command.status == Status.PENDING:
        return [_waiting(_("Waiting for its turn"), command.created_at, now, command.timeout)]
    steps = [_step(DONE, _("Sent"), command.sent_at or command.created_at, zone)]
    if command.status == Status.SENT:
        return [
            *steps,
            _waiting(_("Waiting for the charger"), command.sent_at or command.created_at, now, command.timeout),
        ]
    if command.status != Status.ACCEPTED or refusals.denied(command):
        return [*steps, _step(FAILED, refusals.short(command), command.completed_at, zone)]
    return [*steps, _step(DONE, _accepted(command), command.completed_at, zone), *_effect(command, now, zone)]


def _accepted(command: Command) -> str:
    status = refusals.said(command)
    if status == "RebootRequired":
        return _("Saved, active after a restart")
    if status == "Scheduled":
        return _("Accepted for when it is idle")
    return _("Accepted by charger") if status else _("Answered by charger")


def _effect(command: Command, now: datetime, zone: ZoneInfo) -> list[dict[str, str]]:
    effect = EFFECTS.get(command.action)
    if effect is None:
        return []
    if command.effect_at:
        return [_step(SEEN, str(effect.seen), command.effect_at, zone)]
    since = command.completed_at or command.created_at
    if now < since + timedelta(seconds=effect.within_s):
        return [_waiting(str(effect.waiting), since, now, effect.within_s)]
    return [_step(FAILED, str(effect.missed), None, zone)] if effect.missed else []


def running(command: Command, now: datetime) -> bool:
    """Is there still something to wait for?"""
    return any(step["kind"] == NOW for step in of(command, now=now, zone=ZoneInfo("UTC")))


def _step(kind: str, words: str, at: datetime | None, zone: ZoneInfo) -> dict[str, str]:
    return {"kind": kind, "word": words, "time": f"{at.astimezone(zone):%H:%M:%S}" if at else ""}


def _waiting(words: str, since: datetime, now: datetime, limit_s: int) -> dict[str, str]:
    passed = max(0, int((now - since).total_seconds()))
    step = {"kind": NOW, "word": words, "time": ""}
    if limit_s <= 300:
        step |= {"since": str(passed), "until": str(limit_s), "passed": str(min(passed, limit_s))}
    return step
