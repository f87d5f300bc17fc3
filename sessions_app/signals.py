"""What this room announces, in `on_commit`. `ids` are primary keys of sessions; behind `session_ended` stands the sweep
`billing.tasks.rate_unrated`."""

from django.dispatch import Signal

session_started = Signal()
session_updated = Signal()
session_ended = Signal()
