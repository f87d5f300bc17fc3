"""`create_operator SLUG --name NAME`: idempotent."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import operators
from cms.core.errors import DomainError


class Command(BaseCommand):
    help = "Make an operator unless one with this short name exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            operator = operators.ensure(slug=options["slug"], name=options["name"])
        except DomainError as wrong:
            raise CommandError(wrong.text) from wrong
        self.stdout.write(f"{operator.slug}: {operator.name}, party {operator.country_code}*{operator.party_id}")
