"""What this room announces, in `on_commit`; `ids` are primary keys. Behind each stands a sweep of `billing.tasks`."""

from django.dispatch import Signal

cdr_created = Signal()
invoice_issued = Signal()
payment_changed = Signal()
payment_method_saved = Signal()
webhook_received = Signal()
wallet_changed = Signal()
export_asked = Signal()
export_ended = Signal()
subscription_changed = Signal()
dunning_changed = Signal()
company_member_invited = Signal()
host_statement_issued = Signal()
host_guests_invited = Signal()
