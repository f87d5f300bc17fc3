"""What this room announces, in `on_commit`. `ids` are primary keys of sessions; behind `session_ended` stands the sweep
`billing.tasks.rate_unrated`, behind `meter_key_added` (id: a MeterKey) `tasks.check_new_keys`."""

from django.dispatch import Signal

session_started = Signal()
session_updated = Signal()
session_ended = Signal()
meter_key_added = Signal()
