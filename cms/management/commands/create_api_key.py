"""`create_api_key --operator SLUG --name NAME [--role ROLE]` prints the key alone on standard output."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from accounts.models import Operator, Role
from accounts.services import api_keys
from cms.core.errors import Invalid


class Command(BaseCommand):
    help = "Make an API key. It is printed once, alone on standard output, and stored hashed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operator", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument("--role", choices=Role.values, default=Role.MANAGER.value)

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        operator = Operator.objects.filter(slug=options["operator"]).first()
        if operator is None:
            raise CommandError(f"There is no operator “{options['operator']}”: make it with create_operator.")
        try:
            _row, key = api_keys.create(operator=operator, name=options["name"], role=options["role"])
        except Invalid as wrong:
            raise CommandError(str(wrong)) from wrong  # with the names of the fields
        self.stdout.write(key)
