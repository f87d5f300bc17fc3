"""manage.py rerate: compute charges again from their evidence."""

import time
from argparse import ArgumentTypeError
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Operator
from billing.models import CDR
from billing.services.charges import rating, rerating
from sessions_app.models import ChargingSession

FIRST, LAST = date(1970, 1, 1), date(9998, 12, 31)
UNRATED_AFTER = timedelta(hours=1)  # until then the sweep may still come
LONGEST = 120  # letters of a value that are printed


class Command(BaseCommand):
    help = (
        "Computes every charge of a time again, from its evidence rows and its tariff version. With --verify it only compares, to the "
        "letter, credits too, and names every figure that differs; without, charges that changed are credited and rated anew (not "
        "invoiced ones). Exit codes: 0 all identical, 1 something differs, 2 the arguments make no sense."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", type=_day, default=FIRST, metavar="YYYY-MM-DD", dest="first")
        parser.add_argument(
            "--to", type=_day, metavar="YYYY-MM-DD", dest="last", help="inclusive; by the end of a charge"
        )
        parser.add_argument("--operator", metavar="SLUG")
        parser.add_argument("--verify", action="store_true", help="change nothing")

    def handle(self, *args: Any, **asked: Any) -> None:
        first, last = asked["first"], asked["last"] or max(timezone.localdate(), asked["first"])
        if last < first:
            raise CommandError(f"--to lies before --from: {last}, {first}", returncode=2)
        ended: dict[str, Any] = {
            "stopped_at__gte": _midnight(first),
            "stopped_at__lt": _midnight(last + timedelta(days=1)),
        }
        if asked["operator"]:
            if not Operator.objects.filter(slug=asked["operator"]).exists():
                raise CommandError(f"there is no operator {asked['operator']}", returncode=2)
            ended["operator__slug"] = asked["operator"]
        if asked["verify"]:
            self._verify(ended)
        else:
            sessions = ChargingSession.objects.ended().filter(**ended).order_by("pk").values_list("pk", flat=True)
            made = rating.rate_many(sessions.iterator())
            self.stderr.write(f"{made} charge records written, credits among them")

    def _verify(self, ended: dict[str, Any]) -> None:
        """One line for each difference; the summary says how many were proved and how fast."""
        cdrs, began = CDR.objects.filter(**ended), time.perf_counter()
        wrong, reworded = set(), 0
        for found in rerating.verify(cdrs):
            if found.matters:
                wrong.add(found.cdr_id)
                self.stdout.write(
                    f"CDR {found.cdr_id} (session {found.session_id}): {found.what} is {_short(found.kept)}, "
                    f"evidence says {_short(found.told)}"
                )
            else:
                reworded += 1
        unrated = self._unrated(ended)
        count, credits = cdrs.count(), cdrs.filter(credits__isnull=False).count()
        took = time.perf_counter() - began
        if reworded:
            self.stderr.write(f"{reworded} charge records explain the same figures in other words")
        if wrong or unrated:
            missing = f", {unrated} charges have no record" if unrated else ""
            raise CommandError(f"{len(wrong)} of {count} charge records differ{missing} ({took:.1f} s)")
        self.stderr.write(f"{count} charge records, {credits} of them credits, in {took:.1f} s: every one identical")

    def _unrated(self, ended: dict[str, Any]) -> int:
        """Charges that ended so long ago that their record must have been taken away."""
        heard = timezone.now() - UNRATED_AFTER
        found = ChargingSession.objects.ended().ours().filter(**ended, cdrs=None, updated_at__lt=heard)
        count = 0
        for pk in found.order_by("pk").values_list("pk", flat=True).iterator():
            count += 1
            self.stdout.write(f"session {pk}: no charge record, evidence says that it ended")
        return count


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is not a date YYYY-MM-DD") from error
    if not FIRST <= day <= LAST:
        raise ArgumentTypeError(f"{text} lies outside of {FIRST} to {LAST}")
    return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock()))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
