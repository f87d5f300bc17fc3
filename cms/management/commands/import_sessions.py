"""manage.py import_sessions: take over the charges of another system, or first see what would become of every row."""

import csv
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.models import Operator
from cms import quiet
from cms.core.errors import DomainError
from sessions_app.importing import dialects
from sessions_app.importing.dialects import Dialect
from sessions_app.importing.judging import ACCEPTED, VERDICTS, Imported, Judge, Report
from sessions_app.importing.taking import Taker


class Command(BaseCommand):
    help = (
        "Reads exports of other systems (.csv or .json, gzipped or not) and says what becomes of every row: accepted, corrected, "
        "for review, repeated or refused. Writes nothing without --write."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--operator", help="slug; with --write")
        parser.add_argument("--write", action="store_true", help="make sessions of all but repeated and refused rows")
        parser.add_argument(
            "--create-stations", action="store_true", help="with --write: also stations that are missing"
        )
        parser.add_argument("--rows", type=Path, help="write every row that is not simply accepted to this CSV file")

    def handle(self, *args: Any, files: list[Path], **asked: Any) -> None:
        operator = self._operator(asked["operator"]) if asked["write"] else None
        total = Report()
        with _listing(asked["rows"]) as listing:
            for path in files:
                report = Report()
                dialect, rows = self._open(path)
                judged = listing.noting(path.name, _counted(Judge(dialect).judge(rows), report, total))
                if operator is not None:
                    self._take(operator, dialect, judged, create=asked["create_stations"])
                else:
                    for _ in judged:
                        pass
                self._say(path.name, dialect.name, report)
        self._say("all files", "", total)

    def _operator(self, slug: str | None) -> Operator:
        operator = Operator.objects.filter(slug=slug or "").first()
        if operator is None:
            raise CommandError(f"There is no operator {slug!r}: give one with --operator.")
        return operator

    def _open(self, path: Path) -> tuple[Dialect, Iterator[Any]]:
        try:
            return dialects.open_rows(path)
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: {error}") from error

    def _take(self, operator: Operator, dialect: Dialect, judged: Iterable[Imported], *, create: bool) -> None:
        try:
            with quiet.announcements():
                taken = Taker(operator, dialect.name, create_stations=create).take(judged)
        except DomainError as error:
            raise CommandError(error.text) from error
        self.stdout.write(f"{taken:,} new sessions in the books of {operator.name}")

    def _say(self, name: str, dialect: str, report: Report) -> None:
        counts = ", ".join(f"{report.verdicts[verdict]:,} {verdict}" for verdict in VERDICTS)
        self.stdout.write(f"{name}{f' ({dialect})' if dialect else ''}: {report.rows:,} rows = {counts}")
        for reason, count in report.reasons.most_common():
            lines = ", ".join(map(str, report.lines[reason]))
            self.stdout.write(
                f"    {count:>7,} {reason} (row {lines}{' …' if count > len(report.lines[reason]) else ''})"
            )


def _counted(judged: Iterable[Imported], *reports: Report) -> Iterator[Imported]:
    for one in judged:
        for report in reports:
            report.add(one)
        yield one


class _listing:  # noqa: N801 (a context manager, read as a verb)
    """The CSV of rows that need a look; none without a path."""

    def __init__(self, path: Path | None) -> None:
        self.file = path.open("w", newline="", encoding="utf-8") if path else None
        self.rows = csv.writer(self.file) if self.file else None

    def __enter__(self) -> "_listing":
        if self.rows:
            self.rows.writerow(["file", "row", "reference", "station", "verdict", "reasons"])
        return self

    def __exit__(self, *args: object) -> None:
        if self.file:
            self.file.close()

    def noting(self, name: str, judged: Iterable[Imported]) -> Iterator[Imported]:
        for one in judged:
            if self.rows and one.verdict != ACCEPTED:
                raw = one.raw
                self.rows.writerow([name, raw.line, raw.reference, raw.station, one.verdict, " ".join(one.reasons)])
            yield one
