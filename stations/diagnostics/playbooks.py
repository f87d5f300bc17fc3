"""The plain-language dictionary of what stations complain about: title, likely cause, what to do (ux.md, "Charger said")."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stations.diagnostics import spans

Text = str | Promise


class Playbook(NamedTuple):
    """`code` is the station's own word, kept for whoever must quote it; `command` the first thing to try, "" for none."""

    title: Text
    cause: Text
    action: Text
    command: str = ""
    code: str = ""


def of(*, kind: str, code: str) -> Playbook:
    """What is known about a fault of this kind (Fault.Kind) with this code ("GroundFailure", "OtherError E-117", …)."""
    word, _blank, maker = code.partition(" ")
    if kind in ("faulted", "problem"):
        known = ERRORS.get(word)
        return known._replace(code=maker or word) if known else _unknown(code)
    if kind == "clock" and code:  # the seconds that it is ahead
        return KINDS[kind]._replace(title=spans.sentence(int(code)))
    return KINDS[kind]._replace(code=code)


def _unknown(code: str) -> Playbook:
    title = _("The charger reports a fault") if not code else _("The charger reports “%(code)s”") % {"code": code[:60]}
    return KINDS["faulted"]._replace(title=title, code=code)


KINDS: dict[str, Playbook] = {
    "offline": Playbook(
        gettext_lazy("The charger cannot be reached"),
        gettext_lazy("Its connection ended and did not come back: power, router or SIM card."),
        gettext_lazy(
            "Look at its neighbours: if they are silent too, it is the site’s power or line. If not, send someone."
        ),
    ),
    "never_connected": Playbook(
        gettext_lazy("The charger has never connected"),
        gettext_lazy("Its address of this server, its identity or its password is wrong, or it has no network yet."),
        gettext_lazy(
            "Compare the address and the password on the set-up page; the list of refused attempts shows the reason."
        ),
    ),
    "zero_energy": Playbook(
        gettext_lazy("Charges start, but no energy flows"),
        gettext_lazy("Several charges in a row ended at 0 kWh: contactor, cable, or a limit that is too low."),
        gettext_lazy("Restart it when idle. If it happens again, take the connector out of service and send someone."),
        "Reset",
    ),
    "clock": Playbook(
        gettext_lazy("Its clock is wrong"),
        gettext_lazy("It keeps local time or another zone’s, it drifts, or it was never set."),
        gettext_lazy(
            "Let it take the time from this server or from NTP. Where that cannot be, correct it on the set-up page: "
            "until then a person must look at every charge."
        ),
    ),
    "limit": Playbook(
        gettext_lazy("It does not keep to its power limit"),
        gettext_lazy("It accepted a charging profile, in every way there is, and more flows all the same."),
        gettext_lazy(
            "Until its firmware obeys, protect the site by the charger’s own setting or its supply; lift the limit here."
        ),
    ),
    "faulted": Playbook(
        gettext_lazy("The charger reports a fault"),
        gettext_lazy("It does not say which."),
        gettext_lazy("Restart it when idle, then ask for its log."),
        "Reset",
    ),
}

# errorCode of OCPP 1.6 StatusNotification
ERRORS: dict[str, Playbook] = {
    "ConnectorLockFailure": Playbook(
        gettext_lazy("The cable lock does not move"),
        gettext_lazy("The plug is not fully in, or the lock motor is stuck."),
        gettext_lazy("Unlock the connector. If it stays stuck, send someone: the driver cannot leave."),
        "UnlockConnector",
    ),
    "EVCommunicationError": Playbook(
        gettext_lazy("Car and charger do not understand each other"),
        gettext_lazy("The control pilot is disturbed: plug, cable, or this one car."),
        gettext_lazy(
            "If only one car is affected, ask for another cable. If several are, take the connector out of service."
        ),
    ),
    "GroundFailure": Playbook(
        gettext_lazy("Residual current: switched off for safety"),
        gettext_lazy("The protection has tripped: a damaged cable or car, moisture, or the installation."),
        gettext_lazy("Do not switch it on from here. Take it out of service and send an electrician."),
        "ChangeAvailability",
    ),
    "HighTemperature": Playbook(
        gettext_lazy("The charger is too hot"),
        gettext_lazy("Sun, a blocked fan or a loose terminal."),
        gettext_lazy("Lower the power. If it comes back in the shade, send someone to check fan and terminals."),
    ),
    "InternalError": Playbook(
        gettext_lazy("An error inside the charger"),
        gettext_lazy("Its software or a board has failed."),
        gettext_lazy("Restart it when idle, then ask for its log."),
        "Reset",
    ),
    "LocalListConflict": Playbook(
        gettext_lazy("Its list of cards differs from ours"),
        gettext_lazy("A card is listed with a state other than the one we sent."),
        gettext_lazy("Send the whole list again."),
    ),
    "OtherError": Playbook(
        gettext_lazy("The maker’s own error"),
        gettext_lazy("The code is in the maker’s manual."),
        gettext_lazy("Look the code up, restart it when idle, then ask for its log."),
        "Reset",
    ),
    "OverCurrentFailure": Playbook(
        gettext_lazy("Too much current"),
        gettext_lazy("The car took more than allowed, or the protection is set too low."),
        gettext_lazy("If one car is affected, it is the car. If several are, send someone to measure."),
    ),
    "OverVoltage": Playbook(
        gettext_lazy("The grid voltage is too high"),
        gettext_lazy("The site’s supply."),
        gettext_lazy("Look at its neighbours; if they say the same, call the grid operator."),
    ),
    "UnderVoltage": Playbook(
        gettext_lazy("The grid voltage is too low"),
        gettext_lazy("The site’s supply is overloaded, or a phase is missing."),
        gettext_lazy("Lower the power; look at its neighbours; if they say the same, call the grid operator."),
    ),
    "PowerMeterFailure": Playbook(
        gettext_lazy("The meter does not answer"),
        gettext_lazy("Energy cannot be measured, so it cannot be billed."),
        gettext_lazy("Take the connector out of service, restart it, then send someone."),
        "ChangeAvailability",
    ),
    "PowerSwitchFailure": Playbook(
        gettext_lazy("The contactor does not close"),
        gettext_lazy("The car is recognised and the start is accepted, then no current flows."),
        gettext_lazy("Restart it when idle. If it returns within a day, the contactor needs replacing."),
        "Reset",
    ),
    "ReaderFailure": Playbook(
        gettext_lazy("The card reader does not work"),
        gettext_lazy("Cards are not read; starts from the app still work."),
        gettext_lazy("Restart it when idle. If it returns, the reader needs replacing."),
        "Reset",
    ),
    "ResetFailure": Playbook(
        gettext_lazy("It could not restart"),
        gettext_lazy("A software restart was asked for and failed."),
        gettext_lazy("Try a hard restart. If that fails, someone must switch it off and on."),
        "Reset",
    ),
    "WeakSignal": Playbook(
        gettext_lazy("Weak mobile signal"),
        gettext_lazy("The antenna, its place, or the network."),
        gettext_lazy("Charging works. If it drops often, move the antenna or use another network."),
    ),
}
