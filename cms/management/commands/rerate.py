"""manage.py rerate: compute charges again from their evidence."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.models import CDR
from billing.services import rating, rerating
from sessions_app.models import ChargingSession

EPOCH = date(1970, 1, 1)


class Command(BaseCommand):
    help = (
        "Computes every charge of a time again, from its evidence rows and its tariff version. With --verify it only compares, to the "
        "letter, and exits with 1 if anything differs; without, charges that changed are credited and rated anew (not invoiced ones)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", type=date.fromisoformat, default=EPOCH, metavar="YYYY-MM-DD", dest="first")
        parser.add_argument("--to", type=date.fromisoformat, metavar="YYYY-MM-DD", dest="last", help="inclusive")
        parser.add_argument("--operator", metavar="SLUG")
        parser.add_argument("--verify", action="store_true", help="change nothing")

    def handle(self, *args: Any, **asked: Any) -> None:
        start, end = _midnight(asked["first"]), _midnight((asked["last"] or timezone.localdate()) + timedelta(days=1))
        ended: dict[str, Any] = {"stopped_at__gte": start, "stopped_at__lt": end}
        if asked["operator"]:
            ended["operator__slug"] = asked["operator"]
        if asked["verify"]:
            self._verify(ended)
        else:
            sessions = ChargingSession.objects.ended().filter(**ended).order_by("pk").values_list("pk", flat=True)
            made = rating.rate_many(sessions.iterator())
            self.stderr.write(f"{made} charge records written")

    def _verify(self, ended: dict[str, Any]) -> None:
        cdrs = CDR.objects.filter(**ended)
        wrong = set()
        for found in rerating.verify(cdrs):
            wrong.add(found.cdr_id)
            self.stdout.write(f"CDR {found.cdr_id}: {found.what} is {found.kept}, evidence says {found.told}")
        if wrong:
            raise CommandError(f"{len(wrong)} of {cdrs.count()} charge records differ")
        self.stderr.write(f"{cdrs.count()} charge records, every one identical")


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
