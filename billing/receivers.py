"""Who listens to the sessions' news and to this room's own. Only enqueues; the sweeps of `tasks` find what gets lost."""

from collections.abc import Sequence
from typing import Any

from billing import signals, tasks
from billing.tasks import adhoc, documents, month_end, wallets
from billing.tasks import payments as payment_tasks
from billing.tasks import subscriptions as plans
from sessions_app import signals as session_signals
from stations import signals as station_signals


def _session_started(*, ids: Sequence[int], **_: Any) -> None:
    tasks.keep_prices.delay(list(ids))
    payment_tasks.hold_for_sessions.delay(list(ids))


def _session_ended(*, ids: Sequence[int], **_: Any) -> None:
    tasks.rate_sessions.delay(list(ids))


def _cdr_created(*, ids: Sequence[int], **_: Any) -> None:
    tasks.collect.delay(list(ids))


def _export_asked(*, ids: Sequence[int], **_: Any) -> None:
    for pk in ids:
        tasks.run_export.delay(pk)


def _card_saved(*, ids: Sequence[int], **_: Any) -> None:
    tasks.collect_owed.delay(list(ids))
    plans.retry_debts.delay(list(ids))


def _payment_changed(*, ids: Sequence[int], **_: Any) -> None:
    adhoc.pursue_paid.delay(list(ids))
    plans.watch_payments.delay(list(ids))
    wallets.follow_top_ups.delay(list(ids))


def _command_changed(*, id: int, **_: Any) -> None:
    adhoc.pursue_answered.delay(id)


def _subscription_changed(*, ids: Sequence[int], **_: Any) -> None:
    plans.tell_subscribers.delay(list(ids))


def _dunning_changed(*, ids: Sequence[int], **_: Any) -> None:
    plans.tell_debtors.delay(list(ids))


def _wallet_changed(*, ids: Sequence[int], **_: Any) -> None:
    wallets.wallets_moved.delay(list(ids))


def _invoice_issued(*, ids: Sequence[int], **_: Any) -> None:
    documents.make_einvoices.delay(list(ids))
    documents.mail_documents.delay(list(ids))


def _company_member_invited(*, ids: Sequence[int], **_: Any) -> None:
    for pk in ids:
        wallets.mail_company_invitation.delay(pk)


def _export_ended(*, ids: Sequence[int], **_: Any) -> None:
    tasks.tell_export_ended.delay(list(ids))


def _host_statement_issued(*, ids: Sequence[int], **_: Any) -> None:
    tasks.mail_host_statements.delay(list(ids))


def _host_guests_invited(*, ids: Sequence[int], location: int, by: str, **_: Any) -> None:
    for pk in ids:
        month_end.tell_host_guest.delay(location, pk, by)


def _webhook_received(*, ids: Sequence[int], **_: Any) -> None:
    payment_tasks.apply_webhooks.delay(list(ids))


def connect() -> None:
    """Once per process, from the app's ready()."""
    session_signals.session_started.connect(_session_started, dispatch_uid="billing.session_started")
    session_signals.session_ended.connect(_session_ended, dispatch_uid="billing.session_ended")
    signals.cdr_created.connect(_cdr_created, dispatch_uid="billing.cdr_created")
    signals.export_asked.connect(_export_asked, dispatch_uid="billing.export_asked")
    signals.payment_method_saved.connect(_card_saved, dispatch_uid="billing.payment_method_saved")
    signals.payment_changed.connect(_payment_changed, dispatch_uid="billing.payment_changed")
    station_signals.command_changed.connect(_command_changed, dispatch_uid="billing.command_changed")
    signals.subscription_changed.connect(_subscription_changed, dispatch_uid="billing.subscription_changed")
    signals.dunning_changed.connect(_dunning_changed, dispatch_uid="billing.dunning_changed")
    signals.wallet_changed.connect(_wallet_changed, dispatch_uid="billing.wallet_changed")
    signals.company_member_invited.connect(_company_member_invited, dispatch_uid="billing.company_member_invited")
    signals.invoice_issued.connect(_invoice_issued, dispatch_uid="billing.invoice_issued")
    signals.export_ended.connect(_export_ended, dispatch_uid="billing.export_ended")
    signals.host_statement_issued.connect(_host_statement_issued, dispatch_uid="billing.host_statement_issued")
    signals.host_guests_invited.connect(_host_guests_invited, dispatch_uid="billing.host_guests_invited")
    signals.webhook_received.connect(_webhook_received, dispatch_uid="billing.webhook_received")
