"""What this room does by itself: cms/celery.py says when. Each task may be killed at any line and run again."""

from celery import shared_task
from django.utils import timezone

from sessions_app.services import checks, inquiries, power_limits, silence, starts, timekeeping, zero_energy


@shared_task
def expire_start_requests() -> int:
    return starts.expire(now=timezone.now())


@shared_task
def doubt_silent_sessions() -> int:
    return silence.doubt(now=timezone.now())


@shared_task
def ask_about_doubted_sessions() -> int:
    return inquiries.ask(now=timezone.now())


@shared_task
def age_doubted_sessions() -> int:
    return silence.age(now=timezone.now())


@shared_task
def find_zero_energy() -> int:
    return zero_energy.find(now=timezone.now())


@shared_task
def check_signatures(meter_key_id: int) -> int:
    """The charges since a key was registered, once more."""
    return checks.again(meter_key_id)


@shared_task
def check_new_keys() -> int:
    return checks.again_with_new_keys(now=timezone.now())


@shared_task
def watch_clocks() -> int:
    """How far off the clocks of stations are."""
    return timekeeping.watch(now=timezone.now())


@shared_task
def power_limit_answered(command_id: int) -> None:
    """Behind `command_changed`: most commands set no limit."""
    power_limits.answered(command_id=command_id)


@shared_task
def watch_power_limits() -> int:
    return power_limits.go_on(now=timezone.now())
