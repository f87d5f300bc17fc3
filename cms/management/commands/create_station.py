"""`create_station IDENTITY --operator SLUG [--password P]`: idempotent; a password given again is set again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from accounts.models import Operator
from cms.core.errors import Invalid
from stations.models import ChargingStation
from stations.services import provisioning


class Command(BaseCommand):
    help = "Make a station that may connect, unless its operator has one with this identity."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("identity")
        parser.add_argument("--operator", required=True, metavar="SLUG")
        parser.add_argument("--password", help="security profile 1: HTTP Basic with this password")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        operator = Operator.objects.filter(slug=options["operator"]).first()
        if operator is None:
            raise CommandError(f"There is no operator “{options['operator']}”: make it with create_operator.")
        try:
            station = self._ensure(operator, options["identity"], options["password"])
        except Invalid as wrong:
            raise CommandError(str(wrong)) from wrong  # with the names of the fields
        self.stdout.write(f"{station.identity}: security profile {station.security_profile}")

    def _ensure(self, operator: Operator, identity: str, password: str | None) -> ChargingStation:
        mine = ChargingStation.objects.current().filter(operator=operator, identity=identity)
        known = mine.first()
        if known is None:
            try:
                return provisioning.create(operator=operator, identity=identity, by=None, password=password)
            except Invalid:  # malformed, another operator's, or made this instant by somebody else
                if (known := mine.first()) is None:
                    raise
        return provisioning.change(station=known, by=None, password=password) if password else known
