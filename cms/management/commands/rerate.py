"""manage.py rerate: compute charges again from their evidence."""

import time
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Operator
from billing.models import CDR
from billing.services.charges import rating, rerating
from sessions_app.models import ChargingSession

EPOCH = date(1970, 1, 1)


class Command(BaseCommand):
    help = (
        "Computes every charge of a time again, from its evidence rows and its tariff version. With --verify it only compares, to the "
        "letter, credits too, and exits with 1 if anything differs; without, charges that changed are credited and rated anew (not invoiced ones)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", type=date.fromisoformat, default=EPOCH, metavar="YYYY-MM-DD", dest="first")
        parser.add_argument("--to", type=date.fromisoformat, metavar="YYYY-MM-DD", dest="last", help="inclusive")
        parser.add_argument("--operator", metavar="SLUG")
        parser.add_argument("--verify", action="store_true", help="change nothing")

    def handle(self, *args: Any, **asked: Any) -> None:
        start, end = _midnight(asked["first"]), _midnight((asked["last"] or timezone.localdate()) + timedelta(days=1))
        ended: dict[str, Any] = {"stopped_at__gte": start, "stopped_at__lt": end}
        if end <= start:
            raise CommandError("--to lies before --from")
        if asked["operator"]:
            if not Operator.objects.filter(slug=asked["operator"]).exists():
                raise CommandError(f"there is no operator {asked['operator']}")
            ended["operator__slug"] = asked["operator"]
        if asked["verify"]:
            self._verify(ended)
        else:
            sessions = ChargingSession.objects.ended().filter(**ended).order_by("pk").values_list("pk", flat=True)
            made = rating.rate_many(sessions.iterator())
            self.stderr.write(f"{made} charge records written, credits among them")

    def _verify(self, ended: dict[str, Any]) -> None:
        """One line for each difference; the summary says how many were proved and how fast. Exits with 1 if one differs."""
        cdrs = CDR.objects.filter(**ended)
        wrong, began = set(), time.perf_counter()
        for found in rerating.verify(cdrs):
            wrong.add(found.cdr_id)
            self.stdout.write(
                f"CDR {found.cdr_id} (session {found.session_id}): {found.what} is {found.kept}, evidence says {found.told}"
            )
        count, credits = cdrs.count(), cdrs.filter(credits__isnull=False).count()
        took = time.perf_counter() - began
        if wrong:
            raise CommandError(f"{len(wrong)} of {count} charge records differ ({took:.1f} s)")
        self.stderr.write(f"{count} charge records, {credits} of them credits, in {took:.1f} s: every one identical")


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock()))
