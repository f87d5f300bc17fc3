"""What a station's answer makes of a limit: obeyed, to be said in another way, given up, lifted."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from sessions_app.models import PowerHabit, PowerLimit
from sessions_app.smart_charging import answers, variants
from sessions_app.smart_charging.variants import Variant
from stations.diagnostics import faults
from stations.models import Command, Fault

from . import power_asking, power_facts

Status, Asking = PowerLimit.Status, PowerLimit.Asking
TOLERANCE_W = 200  # beside 5 %: meters and cars are not exact
_NEVER = {"NotImplemented", "NotSupported"}


def _was_set(limit: PowerLimit, command: Command) -> None:
    if command.status == Command.Status.ACCEPTED:
        limit.accepted_at, limit.status = command.completed_at, Status.CHECKING
        power_asking.ask(limit, Asking.CHECK, None)
        return
    if refusal(command) in _NEVER or _members(command).get("status") in _NEVER:
        _give_up(limit, Status.REFUSED)
        return
    _note(limit, "refused")
    _next(limit)


def _was_checked(limit: PowerLimit, command: Command) -> None:
    """A station that cannot say what holds has promised only."""
    told = answers.limit_w(_members(command), phases=power_facts.of(limit).phases)
    if told is not None and told > allowed(limit.given_w):
        ignored(limit)
        return
    limit.status = Status.PROMISED if told is None else Status.HOLDS
    if told is not None:
        hold(limit, command.completed_at or timezone.now())
    limit.save()


def _was_cleared(limit: PowerLimit, command: Command) -> None:
    """Unknown is as good as Accepted, and neither is worth more than what holds then (quirk 80)."""
    power_asking.ask(limit, Asking.CLEARED, None)


def _was_looked_at(limit: PowerLimit, command: Command) -> None:
    told = answers.limit_w(_members(command), phases=power_facts.of(limit).phases)
    most = power_facts.most_w(limit)
    if told is not None and told <= allowed(limit.given_w) and (most is None or limit.given_w < most):
        power_asking.ask(limit, Asking.OPEN, None)
        return
    end(limit)


ANSWERS: Mapping[PowerLimit.Asking, Callable[[PowerLimit, Command], None]] = {
    Asking.SET: _was_set,
    Asking.CHECK: _was_checked,
    Asking.CLEAR: _was_cleared,
    Asking.CLEARED: _was_looked_at,
    Asking.OPEN: lambda limit, command: end(limit),
}


def _next(limit: PowerLimit) -> None:
    """The same way with 6 A where nothing at all was wished (quirk 76), else the next way."""
    facts, habit = power_facts.of(limit), power_facts.habit(limit.station)
    least = variants.least_w(facts.phases)
    if limit.given_w < least and habit.pause != PowerHabit.Pause.ZERO:
        limit.given_w = least
        power_asking.attempt(limit, variants.loads(limit.variant))
        return
    tried = [Variant(*way) for way, _given, _outcome in json.loads(limit.tried)]
    following = variants.following(facts, tried, power_asking.known(habit.variant))
    if following is None:
        outcomes = {outcome for _way, _given, outcome in json.loads(limit.tried)}
        _give_up(limit, Status.IGNORED if "ignored" in outcomes else Status.REFUSED)
        return
    limit.given_w = max(limit.limit_w, least) if habit.pause == PowerHabit.Pause.LEAST else limit.limit_w
    power_asking.attempt(limit, following)


def ignored(limit: PowerLimit) -> None:
    _note(limit, "ignored")
    _next(limit)


def _note(limit: PowerLimit, outcome: str) -> None:
    tried = json.loads(limit.tried)
    limit.tried = json.dumps([*tried, [variants.loads(limit.variant), limit.given_w, outcome]], separators=(",", ":"))


def hold(limit: PowerLimit, at: datetime) -> None:
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


def end(limit: PowerLimit) -> None:
    limit.status, limit.ended_at = Status.ENDED, timezone.now()
    limit.save()
    faults.clear(station_id=limit.station_id, kind=Fault.Kind.LIMIT, evse_id=limit.evse_id, at=limit.ended_at)


def allowed(watts: int) -> int:
    return watts * 105 // 100 + TOLERANCE_W


def _members(command: Command) -> dict[str, Any]:
    told = json.loads(command.response or "{}")
    return told if isinstance(told, dict) else {}


def refusal(command: Command) -> str:
    """The CALLERROR's code; "" where the connection ended or nobody answered."""
    code = str(json.loads(command.error or "{}").get("code", ""))
    return "" if code == "ConnectionClosed" else code
