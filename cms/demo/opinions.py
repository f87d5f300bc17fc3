"""What people said of their charges: some of them, mostly content."""

from datetime import datetime, timedelta

from sessions_app.models import ChargingSession, Feedback

SAID = (5, 4, 5, 3, 5, 4, 2, 5, 4, 1, 5, 4)
EVERY = 4  # so many charge for one who says something
LATELY = timedelta(days=60)


def give(now: datetime) -> None:
    ended = ChargingSession.objects.ended().filter(stopped_at__gte=now - LATELY, energy__gt=0, driver__isnull=False)
    told = ended.order_by("pk").values_list("pk", flat=True)[::EVERY]
    rows = [Feedback(session_id=pk, stars=SAID[number % len(SAID)]) for number, pk in enumerate(told)]
    Feedback.objects.bulk_create(rows, batch_size=1000)
