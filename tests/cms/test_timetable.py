"""What runs by itself is dropped where it is late, and never piles up behind a slow worker."""

import pytest

from cms.celery import app

ENTRIES = {entry["task"]: entry for entry in app.conf.beat_schedule.values()}
pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("task", "seconds"),
    [
        ("stations.tasks.expire_commands", 60),  # every 5 s
        ("billing.tasks.payments.collect_due", 300),
        ("billing.tasks.subscriptions.renew_subscriptions", 3600),
        ("billing.tasks.documents.record_takings", 43_200),  # twice a night
        ("billing.tasks.issue_monthly_invoices", 86_400),
    ],
)
def test_a_run_that_is_a_period_late_is_dropped(task: str, seconds: int) -> None:
    assert ENTRIES[task]["options"] == {"expires": seconds}


def test_nothing_waits_for_ever() -> None:
    assert [task for task, entry in ENTRIES.items() if not entry.get("options", {}).get("expires")] == []
