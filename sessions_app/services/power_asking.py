"""How a limit is said to a station: which way, and as which command."""

from collections.abc import Callable, Mapping

from django.utils import timezone

from accounts.models import User
from cms.core.errors import Conflict
from sessions_app.models import PowerHabit, PowerLimit
from sessions_app.smart_charging import variants
from sessions_app.smart_charging.variants import Variant
from stations.services import commands
from stations.vocabulary import commands as words
from stations.vocabulary.values import EvseRef

from . import power_facts

Status, Asking = PowerLimit.Status, PowerLimit.Asking
MOST_W = 1_000_000
LOOKS_AHEAD_S = 600


def begin(limit: PowerLimit, by: User | None) -> None:
    """With what this model is known to take, else with what the standard prefers."""
    facts, habit = power_facts.of(limit), power_facts.habit(limit.station)
    if limit.limit_w < variants.least_w(facts.phases) and habit.pause in (
        PowerHabit.Pause.LEAST,
        PowerHabit.Pause.STOPS,
    ):
        limit.given_w = variants.least_w(facts.phases)
    first = variants.following(facts, [], known(habit.variant))
    assert first is not None
    attempt(limit, first, by)


def attempt(limit: PowerLimit, variant: Variant, by: User | None = None) -> None:
    limit.variant, limit.status = variants.dumps(variant), Status.TRYING
    ask(limit, Asking.SET, by)


def ask(limit: PowerLimit, asking: PowerLimit.Asking, by: User | None) -> None:
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
        limit=variants.amount(watts, unit=variant.unit, phases=facts.phases),
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


def known(text: str) -> Variant | None:
    return variants.loads(text) if text else None
