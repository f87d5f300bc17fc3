"""Limiting the power of a station or an EVSE, and seeing that it obeys (field notes 73–81).

What a person wishes is a row; each answer of the station moves it on. The ways to say it are tried in order until one is taken; what
is taken is checked by the station's own schedule, then by what really flows; what is not obeyed is tried in another way, and at
last becomes a problem on the overview. After a boot it is said again. Killed at any line, the sweep goes on.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from cms.core.errors import Conflict, Invalid
from sessions_app.models import ChargingSession, PowerHabit, PowerLimit
from sessions_app.smart_charging import variants
from stations.models import ChargingStation, Command

from . import power_asking, power_facts, power_outcomes
from .power_asking import MOST_W

Status, Asking = PowerLimit.Status, PowerLimit.Asking
SETTLES = timedelta(seconds=60)  # until a car follows a limit
_OUT = {Command.Status.PENDING, Command.Status.SENT}


@transaction.atomic
def wish(
    *, station: ChargingStation, evse_id: int, limit_w: int, until: datetime | None, by: User | None
) -> PowerLimit:
    """From now on, until it is lifted or `until` has passed, at most `limit_w` W at the EVSE (0: the whole station). Another wish for
    the same place takes the place of this one. Raises Forbidden, Invalid, Conflict(station_offline)."""
    if by is not None:
        access.demand(by, "station.command", station)
    if not 0 <= limit_w <= MOST_W:
        raise Invalid({"limit": [_("From 0 to %(most)s kW.") % {"most": MOST_W // 1000}]})
    if until is not None and until <= timezone.now():
        raise Invalid({"until": [_("This moment has passed.")]})
    if evse_id and not station.evses.filter(evse_id=evse_id).exists():
        raise Invalid({"place": [_("The station has no such connector.")]})
    if not station.online:
        raise Conflict(_("The station is not connected."), code="station_offline", station=station.identity)
    wanted = {"limit_w": limit_w, "given_w": limit_w, "until": until, "requested_by": by, "proved_at": None}
    anew = {"status": Status.TRYING, "asking": Asking.SET, "variant": "", "tried": "[]", "command": None}
    limit, _new = PowerLimit.objects.live().update_or_create(
        station=station, evse_id=evse_id, defaults={**wanted, **anew, "accepted_at": None}
    )
    power_asking.begin(limit, by)
    return limit


@transaction.atomic
def lift(*, limit: PowerLimit, by: User | None) -> PowerLimit:
    """Raises Forbidden. Lifting twice is boring."""
    if by is not None:
        access.demand(by, "station.command", limit.station)
    locked = _locked(PowerLimit.objects.live().filter(pk=limit.pk))
    if locked is None or locked.status == Status.LIFTING:
        return limit
    if not locked.variant or locked.status == Status.REFUSED:  # nothing of it is at the station
        power_outcomes.end(locked)
        return locked
    locked.status = Status.LIFTING
    power_asking.ask(locked, Asking.CLEAR, by)
    return locked


@transaction.atomic
def answered(*, command_id: int) -> None:
    """A command of ours has ended. Told twice, or of a command that is not ours, it is boring."""
    limit = _locked(PowerLimit.objects.live().filter(command=command_id))
    if limit is None or limit.command is None or limit.command.status in _OUT:
        return
    command = limit.command
    limit.command = None
    if command.status == Command.Status.TIMEOUT or (
        command.status == Command.Status.ERROR and not power_outcomes.refusal(command)
    ):
        limit.save()  # nobody answered: the sweep asks again once the station is back
        return
    power_outcomes.ANSWERS[Asking(limit.asking)](limit, command)


def go_on(*, now: datetime) -> int:
    """The sweep: what nobody was told of, what has passed, what a boot forgot, what flows all the same. Returns how many moved."""
    ids = PowerLimit.objects.live().order_by("pk").values_list("pk", flat=True)
    return sum(_moved(pk, now) for pk in list(ids))


@transaction.atomic
def _moved(pk: int, now: datetime) -> bool:
    limit = _locked(PowerLimit.objects.live().filter(pk=pk))
    if limit is None:
        return False
    if limit.command is not None:
        if limit.command.status not in _OUT:
            answered(command_id=limit.command.pk)
            return True
        return False
    if limit.until and limit.until <= now and limit.status != Status.LIFTING:
        lift(limit=limit, by=None)
        return True
    if not limit.station.online:
        return False
    if limit.status in (Status.TRYING, Status.CHECKING, Status.LIFTING):
        power_asking.ask(limit, Asking(limit.asking), None)
        return True
    return _say_again(limit) or _watch(limit, now)


def _say_again(limit: PowerLimit) -> bool:
    """A boot may have forgotten it, or a profile of before may still hold (quirk 79); a TxProfile went with its charge."""
    if limit.accepted_at is None:
        return False
    booted = limit.station.last_boot is not None and limit.station.last_boot > limit.accepted_at
    gone = (
        variants.loads(limit.variant).purpose == variants.TX
        and power_facts.of(limit).transaction != limit.transaction_id
    )
    if gone and power_facts.stopped_by_it(limit):
        power_facts.learn(limit.station, variant=None, pause=PowerHabit.Pause.STOPS)
    if not (booted or gone):
        return False
    limit.tried = "[]"
    power_asking.begin(limit, None)
    return True


def _watch(limit: PowerLimit, now: datetime) -> bool:
    """What flows, once a car had the time to follow."""
    if limit.accepted_at is None or limit.status not in (Status.PROMISED, Status.HOLDS):
        return False
    running = ChargingSession.objects.active().filter(
        station=limit.station_id, last_reading_at__gte=limit.accepted_at + SETTLES, power_w__isnull=False
    )
    if limit.evse_id:
        running = running.filter(evse_id=limit.evse_id)
    flows = running.aggregate(w=Sum("power_w"))["w"]
    if flows is None:
        return False
    if flows > power_outcomes.allowed(limit.given_w):
        power_outcomes.ignored(limit)
        return True
    power_outcomes.hold(limit, now)
    limit.save()
    return False


def _locked(found: Any) -> PowerLimit | None:
    limit: PowerLimit | None = found.select_for_update(of=("self",)).select_related("station", "command").first()
    return limit
