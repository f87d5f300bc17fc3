"""The Celery app and the whole timetable: what runs by itself, and when, is readable here."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")

app = Celery("colonnina")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["cms.portal", "cms.reports"])

# Each entry is a sweep: whatever an announcement missed is found here. Local times (Europe/Rome).
app.conf.timezone = "Europe/Rome"
app.conf.beat_schedule = {
    "end unanswered commands": {"task": "stations.tasks.expire_commands", "schedule": 5.0},
    "close dead gateways": {"task": "stations.tasks.close_dead_gateways", "schedule": 15.0},
    "find faults": {"task": "stations.tasks.find_faults", "schedule": 30.0},
    "give up on silent jobs": {"task": "stations.tasks.give_up_jobs", "schedule": crontab(minute="*/5")},
    "retire frames": {"task": "stations.tasks.retire_frames", "schedule": crontab(hour=3, minute=40)},
    "retire uploads and strangers": {"task": "stations.tasks.retire_the_rest", "schedule": crontab(hour=4, minute=10)},
    "forget old mails": {"task": "accounts.tasks.forget_old_mails", "schedule": crontab(hour=4, minute=20)},
    "mail open invitations": {"task": "accounts.tasks.mail_missing_invitations", "schedule": crontab(minute="*/5")},
    "mail missing receipts": {"task": "cms.portal.tasks.mail_missing_receipts", "schedule": crontab(minute="*/5")},
    "expire start requests": {"task": "sessions_app.tasks.expire_start_requests", "schedule": 5.0},
    "doubt silent sessions": {"task": "sessions_app.tasks.doubt_silent_sessions", "schedule": crontab(minute="*/10")},
    "ask about doubted sessions": {
        "task": "sessions_app.tasks.ask_about_doubted_sessions",
        "schedule": crontab(minute="2-59/10"),
    },
    "end doubted sessions": {"task": "sessions_app.tasks.age_doubted_sessions", "schedule": crontab(minute="5-59/10")},
    "watch the clocks of stations": {"task": "sessions_app.tasks.watch_clocks", "schedule": crontab(minute="4-59/10")},
    "watch power limits": {"task": "sessions_app.tasks.watch_power_limits", "schedule": 15.0},
    "find charges without energy": {"task": "sessions_app.tasks.find_zero_energy", "schedule": crontab(minute="*/5")},
    "check with new meter keys": {"task": "sessions_app.tasks.check_new_keys", "schedule": crontab(hour=4, minute=30)},
    "rate unrated sessions": {"task": "billing.tasks.rate_unrated", "schedule": crontab(minute="*/5")},
    "rate sessions that changed": {"task": "billing.tasks.rate_changed", "schedule": crontab(minute="2-59/5")},
    "collect what is due": {"task": "billing.tasks.payments.collect_due", "schedule": crontab(minute="3-59/5")},
    "apply waiting webhooks": {
        "task": "billing.tasks.payments.apply_waiting_webhooks",
        "schedule": crontab(minute="1-59/5"),
    },
    "fetch payouts": {"task": "billing.tasks.payments.fetch_payouts", "schedule": crontab(hour=5, minute=10)},
    "watch holds": {"task": "billing.tasks.payments.watch_holds", "schedule": 15.0},
    "tell payers": {"task": "billing.tasks.payments.tell_payers", "schedule": 60.0},
    "finish payments": {"task": "billing.tasks.payments.finish_payment_steps", "schedule": 15.0},
    "go on with charges without an account": {"task": "billing.tasks.adhoc.pursue_due", "schedule": 5.0},
    "forget tokens of one charge": {
        "task": "billing.tasks.adhoc.forget_tokens",
        "schedule": crontab(hour=4, minute=10),
    },
    "renew subscriptions": {"task": "billing.tasks.subscriptions.renew_subscriptions", "schedule": crontab(minute=4)},
    "watch what plans include": {"task": "billing.tasks.subscriptions.watch_allowances", "schedule": 60.0},
    "collect fees of plans": {"task": "billing.tasks.subscriptions.collect_fees", "schedule": crontab(minute="1-59/5")},
    "climb ladders of dunning": {
        "task": "billing.tasks.subscriptions.climb_ladders",
        "schedule": crontab(minute="*/10"),
    },
    "mail plan news": {"task": "billing.tasks.subscriptions.mail_plan_news", "schedule": crontab(minute="*/5")},
    "keep wallets": {"task": "billing.tasks.wallets.keep_wallets", "schedule": crontab(minute="*/5")},
    "tell companies": {"task": "billing.tasks.wallets.tell_companies", "schedule": crontab(minute="2-59/5")},
    "issue monthly invoices": {"task": "billing.tasks.issue_monthly_invoices", "schedule": crontab(hour=2, minute=30)},
    "make missing e-invoices": {
        "task": "billing.tasks.documents.make_missing_einvoices",
        "schedule": crontab(minute=35),
    },
    "mail missing documents": {
        "task": "billing.tasks.documents.mail_missing_documents",
        "schedule": crontab(minute="4-59/5"),
    },
    "record corrispettivi": {
        "task": "billing.tasks.documents.record_takings",
        "schedule": crontab(hour="0,5", minute=20),
    },
    "keep what is at risk": {"task": "billing.tasks.keep_assurance", "schedule": crontab(minute=50)},
    "resume exports": {"task": "billing.tasks.month_end.resume_exports", "schedule": crontab(minute="*/2")},
    "look at open months": {
        "task": "billing.tasks.month_end.look_at_months",
        "schedule": crontab(hour=3, minute=5),
    },
    "mail statements of hosts": {
        "task": "billing.tasks.month_end.mail_missing_statements",
        "schedule": crontab(minute="*/10"),
    },
    "delete old exports": {"task": "billing.tasks.month_end.expire_exports", "schedule": crontab(hour=4, minute=50)},
    "roll up the last hours": {"task": "cms.reports.tasks.roll_up_recent", "schedule": crontab(minute="*/10")},
    "roll up the last days": {"task": "cms.reports.tasks.roll_up_days", "schedule": crontab(hour=3, minute=20)},
}


def _period(schedule: float | crontab) -> float:
    """Seconds between two runs, at the least."""
    if not isinstance(schedule, crontab):
        return schedule
    every_hour = len(schedule.hour) == 24
    return 3600 / len(schedule.minute) if every_hour else 86_400 / len(schedule.hour)


# A run that has waited behind others for longer than its period is dropped: the next one stands behind it and does the same work.
# A minute at the least, so that where everything is late the short ones still come to their turn.
for entry in app.conf.beat_schedule.values():
    entry["options"] = {"expires": max(_period(entry["schedule"]), 60.0)}
