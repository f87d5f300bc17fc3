"""The Celery app and the whole timetable: what runs by itself, and when, is readable here."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")

app = Celery("colonnina")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    # "stations.expire_commands": {"task": "stations.tasks.expire_commands", "schedule": 5.0},
}

__all__ = ["app", "crontab"]
