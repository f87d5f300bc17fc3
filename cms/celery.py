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
    "mail open invitations": {"task": "accounts.tasks.mail_missing_invitations", "schedule": crontab(minute="*/5")},
    "mail missing receipts": {"task": "cms.portal.tasks.mail_missing_receipts", "schedule": crontab(minute="*/5")},
    "roll up the last hours": {"task": "cms.reports.tasks.roll_up_recent", "schedule": crontab(minute="*/10")},
    "roll up the last days": {"task": "cms.reports.tasks.roll_up_days", "schedule": crontab(hour=3, minute=20)},
}
