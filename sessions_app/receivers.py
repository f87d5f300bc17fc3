"""What this room announces to itself. Only enqueues; the sweeps of `tasks` find what gets lost."""

from typing import Any

from sessions_app import signals, tasks


def _meter_key_added(*, id: int, **_: Any) -> None:
    tasks.check_signatures.delay(id)


def connect() -> None:
    """Once per process, from the app's ready()."""
    signals.meter_key_added.connect(_meter_key_added, dispatch_uid="sessions_app.meter_key_added")
