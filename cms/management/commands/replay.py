"""manage.py replay: tell sessions again from their stored evidence."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sessions_app.models import ChargingSession
from sessions_app.services import replaying


class Command(BaseCommand):
    help = "Tells charging sessions again from their evidence and prints every column that differs. Without --verify the rows follow."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sessions", nargs="*", type=int, metavar="ID", help="only these sessions")
        parser.add_argument("--station", metavar="IDENTITY", help="only sessions of this station")
        parser.add_argument("--verify", action="store_true", help="change nothing; exit with 1 if anything differs")

    def handle(self, *args: Any, **asked: Any) -> None:
        sessions = ChargingSession.objects.all()
        if asked["sessions"]:
            sessions = sessions.filter(pk__in=asked["sessions"])
        if asked["station"]:
            sessions = sessions.filter(station__identity=asked["station"])
        differences = 0
        for found in replaying.replay(sessions, write=not asked["verify"]):
            differences += 1
            self.stdout.write(
                f"session {found.session_id}: {found.column} is {found.kept!r}, evidence says {found.told!r}"
            )
        if differences and asked["verify"]:
            raise CommandError(f"{differences} differences")
        self.stderr.write(f"{sessions.count()} sessions, {differences} differences")
