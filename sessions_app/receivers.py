"""What this room announces to itself. Only enqueues; the sweeps of `tasks` find what gets lost."""

from typing import Any

from sessions_app import signals, tasks
from stations import signals as station_signals


def _meter_key_added(*, id: int, **_: Any) -> None:
    tasks.check_signatures.delay(id)


def _command_changed(*, id: int, **_: Any) -> None:
    tasks.power_limit_answered.delay(id)


def connect() -> None:
    """Once per process, from the app's ready()."""
    station_signals.command_changed.connect(_command_changed, dispatch_uid="sessions_app.command_changed")
    signals.meter_key_added.connect(_meter_key_added, dispatch_uid="sessions_app.meter_key_added")
