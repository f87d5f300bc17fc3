"""What this room announces, in `on_commit`."""

from django.dispatch import Signal

cdr_created = Signal()  # ids
invoice_issued = Signal()  # ids
