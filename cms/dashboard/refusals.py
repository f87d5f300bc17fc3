"""What a charger's "no" means, and what to do next. The raw word stays one click away (the message log)."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stations.models import Command

_REMOTE_START = gettext_lazy(
    "Refused, no reason given. Check the connector’s state, an open charge, and AuthorizeRemoteTxRequests."
)
_REMOTE_STOP = gettext_lazy(
    "The charger does not know this charge. Compare the transaction ids, or close it at the last reading."
)

# (action, the charger's word) → the sentence
_SAID: dict[tuple[str, str], Promise] = {
    ("RemoteStartTransaction", "Rejected"): _REMOTE_START,
    ("RequestStartTransaction", "Rejected"): _REMOTE_START,
    ("RemoteStopTransaction", "Rejected"): _REMOTE_STOP,
    ("RequestStopTransaction", "Rejected"): _REMOTE_STOP,
    ("UnlockConnector", "UnlockFailed"): gettext_lazy(
        "The lock’s motor failed. Ask the driver to unlock the car and pull gently, then try again."
    ),
    ("UnlockConnector", "NotSupported"): gettext_lazy("This model cannot unlock remotely."),
    ("UnlockConnector", "OngoingAuthorizedTransaction"): gettext_lazy("A charge is running there: stop it first."),
    ("UnlockConnector", "UnknownConnector"): gettext_lazy("It has no such connector."),
    ("Reset", "Rejected"): gettext_lazy(
        "Busy, most likely with a charge. Restart when idle, or stop the charge first."
    ),
    ("ChangeAvailability", "Rejected"): gettext_lazy("The charger does not change this connector’s availability."),
    ("TriggerMessage", "Rejected"): gettext_lazy("The charger does not send this message now."),
    ("TriggerMessage", "NotImplemented"): gettext_lazy("This model does not know this message."),
    ("ChangeConfiguration", "NotSupported"): gettext_lazy("This firmware does not know the setting."),
    ("ChangeConfiguration", "Rejected"): gettext_lazy("This value is not allowed, or the setting is read-only."),
    ("SetVariables", "Rejected"): gettext_lazy("This value is not allowed, or the setting is read-only."),
    ("SetVariables", "UnknownComponent"): gettext_lazy("This firmware does not know the setting."),
    ("SetVariables", "UnknownVariable"): gettext_lazy("This firmware does not know the setting."),
    ("GetVariables", "UnknownComponent"): gettext_lazy("This firmware does not know the setting."),
    ("GetVariables", "UnknownVariable"): gettext_lazy("This firmware does not know the setting."),
    ("GetVariables", "Rejected"): gettext_lazy("The charger does not tell this value."),
    ("GetBaseReport", "NotSupported"): gettext_lazy("This model does not report its settings."),
    ("ClearCache", "Rejected"): gettext_lazy("The charger keeps no cache, or is busy."),
    ("UpdateFirmware", "Rejected"): gettext_lazy("The charger does not take an update now."),
    ("GetLog", "Rejected"): gettext_lazy("The charger has no such log, or uploads one already."),
}
_ERRORS: dict[str, Promise] = {
    "ConnectionClosed": gettext_lazy("The connection ended before it answered."),
    "NotImplemented": gettext_lazy("This model does not know this command."),
    "NotSupported": gettext_lazy("This model does not do this."),
    "InternalError": gettext_lazy("The charger failed inside."),
    "SecurityError": gettext_lazy("The charger refused for a security reason."),
    "GenericError": gettext_lazy("The charger could not do it and does not say why."),
}


def said(command: Command) -> str:
    """The charger's own word for its answer: the status, or that of the first entry of a 2.x result."""
    answer = _object(command.response)
    for name in ("setVariableResult", "getVariableResult"):
        entries = answer.get(name)
        if isinstance(entries, list) and entries and isinstance(entries[0], dict):
            return str(entries[0].get("attributeStatus", ""))
    return str(answer.get("status", ""))


def denied(command: Command) -> bool:
    """2.x answers settings one by one: the call is accepted where what it asked for is not."""
    answer = _object(command.response)
    one_by_one = "setVariableResult" in answer or "getVariableResult" in answer
    return one_by_one and said(command) not in ("Accepted", "RebootRequired")


def sentence(command: Command) -> str:
    """Why it did not work, and what to do; "" for a command that did not fail."""
    match command.status:
        case Command.Status.TIMEOUT:
            return _("No reply in %(seconds)s s.") % {"seconds": command.timeout}
        case Command.Status.ERROR:
            error = _object(command.error)
            code = str(error.get("code", ""))
            known = _ERRORS.get(code)
            return str(known) if known else f"{code}: {error.get('description', '')}".strip(": ")
    if command.status == Command.Status.REJECTED or denied(command):
        word = said(command)
        known = _SAID.get((command.action, word))
        return str(known) if known else _("The charger answered “%(word)s”.") % {"word": word}
    return ""


def short(command: Command) -> str:
    """For the last stage of `.steps`."""
    match command.status:
        case Command.Status.TIMEOUT:
            return _("No answer")
        case Command.Status.ERROR:
            return _("Failed")
    return _("Refused")


def _object(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
