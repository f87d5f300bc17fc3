"""Limiting the power of a station or an EVSE, and seeing that it obeys (field notes 73–81).

What a person wishes is a row; each answer of the station moves it on. The ways to say it are tried in order until one is taken; what
is taken is checked by the station's own schedule, then by what really flows; what is not obeyed is tried in another way, and at
last becomes a problem on the overview. After a boot it is said again. Killed at any line, the sweep goes on.
"""

import json
from collections.abc import Callable, Mapping
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
from sessions_app.smart_charging import answers, variants
from sessions_app.smart_charging.variants import Variant
from stations.diagnostics import faults
from stations.models import ChargingStation, Command, Fault
from stations.services import commands
from stations.vocabulary import commands as words
from stations.vocabulary.values import EvseRef

from . import power_facts

Status, Asking = PowerLimit.Status, PowerLimit.Asking
MOST_W = 1_000_000
SETTLES = timedelta(seconds=60)  # until a car follows a limit
LOOKS_AHEAD_S = 600
TOLERANCE_W = 200  # beside 5 %: meters and cars are not exact
_OUT = {Command.Status.PENDING, Command.Status.SENT}
_NEVER = {"NotImplemented", "NotSupported"}


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
    _begin(limit, by)
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
        _end(locked)
        return locked
    locked.status = Status.LIFTING
    _ask(locked, Asking.CLEAR, by)
    return locked


@transaction.atomic
def answered(*, command_id: int) -> None:
    """A command of ours has ended. Told twice, or of a command that is not ours, it is boring."""
    limit = _locked(PowerLimit.objects.live().filter(command=command_id))
    if limit is None or limit.command is None or limit.command.status in _OUT:
        return
    command = limit.command
    limit.command = None
    if command.status == Command.Status.TIMEOUT or (command.status == Command.Status.ERROR and not _refusal(command)):
        limit.save()  # nobody answered: the sweep asks again once the station is back
        return
    _ANSWERS[Asking(limit.asking)](limit, command)


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
        _ask(limit, Asking(limit.asking), None)
        return True
    return _say_again(limit) or _watch(limit, now)


# ---- asking ---------------------------------------------------------------------------------------------------------


def _begin(limit: PowerLimit, by: User | None) -> None:
    """With what this model is known to take, else with what the standard prefers."""
    facts, habit = power_facts.of(limit), power_facts.habit(limit.station)
    if limit.limit_w < _least(facts) and habit.pause in (PowerHabit.Pause.LEAST, PowerHabit.Pause.STOPS):
        limit.given_w = _least(facts)
    first = variants.following(facts, [], _variant(habit.variant))
    assert first is not None
    _try(limit, first, by)


def _try(limit: PowerLimit, variant: Variant, by: User | None = None) -> None:
    limit.variant, limit.status = variants.dumps(variant), Status.TRYING
    _ask(limit, Asking.SET, by)


def _ask(limit: PowerLimit, asking: PowerLimit.Asking, by: User | None) -> None:
    """Off line, the sweep asks later."""
    limit.asking = asking
    facts = power_facts.of(limit)
    word = _WORDS[asking](limit, facts)
    try:
        limit.command = commands.request(station=limit.station, command=word, by=by, automatic=by is None)
    except Conflict:
        limit.command = None
    limit.transaction_id = facts.transaction
    limit.save()


def _profile(limit: PowerLimit, facts: variants.Facts, watts: int) -> words.Command:
    variant = variants.loads(limit.variant)
    return words.SetChargingProfile(
        evse=None if variant.whole or not limit.evse_id else EvseRef(limit.evse_id),
        profile_id=limit.profile_id,
        purpose=variant.purpose,
        kind=variant.kind,
        unit=variant.unit,
        limit=variants.amount(watts, unit=variant.unit, dc=facts.dc),
        stack_level=variant.level,
        start=timezone.now() if variant.kind == "Absolute" else None,
        until=limit.until,
        transaction_id=facts.transaction if variant.purpose == variants.TX and variant.named else None,
    )


def _schedule(limit: PowerLimit, facts: variants.Facts) -> words.Command:
    unit = variants.loads(limit.variant).unit
    return words.GetCompositeSchedule(EvseRef(limit.evse_id) if limit.evse_id else None, LOOKS_AHEAD_S, unit)


_WORDS: Mapping[PowerLimit.Asking, Callable[[PowerLimit, variants.Facts], words.Command]] = {
    Asking.SET: lambda limit, facts: _profile(limit, facts, limit.given_w),
    Asking.CHECK: _schedule,
    Asking.CLEAR: lambda limit, facts: words.ClearChargingProfile(limit.profile_id),
    Asking.CLEARED: _schedule,
    Asking.OPEN: lambda limit, facts: _profile(limit, facts, power_facts.most_w(limit) or MOST_W),
}


# ---- what came of it ------------------------------------------------------------------------------------------------


def _was_set(limit: PowerLimit, command: Command) -> None:
    if command.status == Command.Status.ACCEPTED:
        limit.accepted_at, limit.status = command.completed_at, Status.CHECKING
        _ask(limit, Asking.CHECK, None)
        return
    if _refusal(command) in _NEVER or _members(command).get("status") in _NEVER:
        _give_up(limit, Status.REFUSED)
        return
    _note(limit, "refused")
    _next(limit)


def _was_checked(limit: PowerLimit, command: Command) -> None:
    """A station that cannot say what holds has promised only."""
    told = answers.limit_w(_members(command), dc=power_facts.of(limit).dc)
    if told is not None and told > _allowed(limit.given_w):
        _ignored(limit)
        return
    limit.status = Status.PROMISED if told is None else Status.HOLDS
    if told is not None:
        _hold(limit, command.completed_at or timezone.now())
    limit.save()


def _was_cleared(limit: PowerLimit, command: Command) -> None:
    """Unknown is as good as Accepted, and neither is worth more than what holds then (quirk 80)."""
    _ask(limit, Asking.CLEARED, None)


def _was_looked_at(limit: PowerLimit, command: Command) -> None:
    told = answers.limit_w(_members(command), dc=power_facts.of(limit).dc)
    most = power_facts.most_w(limit)
    if told is not None and told <= _allowed(limit.given_w) and (most is None or limit.given_w < most):
        _ask(limit, Asking.OPEN, None)
        return
    _end(limit)


_ANSWERS: Mapping[PowerLimit.Asking, Callable[[PowerLimit, Command], None]] = {
    Asking.SET: _was_set,
    Asking.CHECK: _was_checked,
    Asking.CLEAR: _was_cleared,
    Asking.CLEARED: _was_looked_at,
    Asking.OPEN: lambda limit, command: _end(limit),
}


def _next(limit: PowerLimit) -> None:
    """The same way with 6 A where nothing at all was wished (quirk 76), else the next way."""
    facts, habit = power_facts.of(limit), power_facts.habit(limit.station)
    least = _least(facts)
    if limit.given_w < least and habit.pause != PowerHabit.Pause.ZERO:
        limit.given_w = least
        _try(limit, variants.loads(limit.variant))
        return
    tried = [Variant(*way) for way, _given, _outcome in json.loads(limit.tried)]
    following = variants.following(facts, tried, _variant(habit.variant))
    if following is None:
        outcomes = {outcome for _way, _given, outcome in json.loads(limit.tried)}
        _give_up(limit, Status.IGNORED if "ignored" in outcomes else Status.REFUSED)
        return
    limit.given_w = max(limit.limit_w, least) if habit.pause == PowerHabit.Pause.LEAST else limit.limit_w
    _try(limit, following)


def _ignored(limit: PowerLimit) -> None:
    _note(limit, "ignored")
    _next(limit)


def _note(limit: PowerLimit, outcome: str) -> None:
    tried = json.loads(limit.tried)
    limit.tried = json.dumps([*tried, [variants.loads(limit.variant), limit.given_w, outcome]], separators=(",", ":"))


def _hold(limit: PowerLimit, at: datetime) -> None:
    """It obeys: how it was said is worth knowing for every station of its make."""
    limit.status, limit.proved_at = Status.HOLDS, at
    pause = PowerHabit.Pause.ZERO if limit.given_w == 0 else None
    if limit.limit_w < limit.given_w and power_facts.habit(limit.station).pause != PowerHabit.Pause.STOPS:
        pause = PowerHabit.Pause.LEAST
    power_facts.learn(limit.station, variant=limit.variant, pause=pause)
    faults.clear(station_id=limit.station_id, kind=Fault.Kind.LIMIT, evse_id=limit.evse_id, at=at)


def _give_up(limit: PowerLimit, status: PowerLimit.Status) -> None:
    limit.status = status
    limit.save()
    if status == Status.IGNORED:
        faults.report(station_id=limit.station_id, kind=Fault.Kind.LIMIT, evse_id=limit.evse_id, at=timezone.now())


def _end(limit: PowerLimit) -> None:
    limit.status, limit.ended_at = Status.ENDED, timezone.now()
    limit.save()
    faults.clear(station_id=limit.station_id, kind=Fault.Kind.LIMIT, evse_id=limit.evse_id, at=limit.ended_at)


# ---- watching -------------------------------------------------------------------------------------------------------


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
    _begin(limit, None)
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
    if flows > _allowed(limit.given_w):
        _ignored(limit)
        return True
    _hold(limit, now)
    limit.save()
    return False


def _allowed(watts: int) -> int:
    return watts * 105 // 100 + TOLERANCE_W


def _least(facts: variants.Facts) -> int:
    return variants.least_w(dc=facts.dc)


def _locked(found: Any) -> PowerLimit | None:
    limit: PowerLimit | None = found.select_for_update(of=("self",)).select_related("station", "command").first()
    return limit


def _variant(text: str) -> Variant | None:
    return variants.loads(text) if text else None


def _members(command: Command) -> dict[str, Any]:
    told = json.loads(command.response or "{}")
    return told if isinstance(told, dict) else {}


def _refusal(command: Command) -> str:
    """The CALLERROR's code; "" where the connection ended or nobody answered."""
    code = str(json.loads(command.error or "{}").get("code", ""))
    return "" if code == "ConnectionClosed" else code
