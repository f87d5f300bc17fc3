"""`create_operator SLUG --name NAME [--owner EMAIL]`: idempotent; a person asked for again gets a new link."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.db import transaction

from accounts.models import Operator, Role
from accounts.services import invitations, members, operators
from cms.core.errors import Conflict, DomainError


class Command(BaseCommand):
    help = "Make an operator unless one with this short name exists, and let its owner in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--owner", metavar="EMAIL", help="who runs it: prints the link by which this person comes in"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                operator = operators.ensure(slug=options["slug"], name=options["name"])
                said = _let_in(operator, options["owner"]) if options["owner"] else ""
        except DomainError as wrong:
            raise CommandError(str(wrong)) from wrong  # with the names of the fields
        self.stdout.write(f"{operator.slug}: {operator.name}, party {operator.country_code}*{operator.party_id}")
        if said:
            self.stdout.write(said)


def _let_in(operator: Operator, email: str) -> str:
    try:
        owner = members.enrol(operator=operator, email=email, role=Role.OWNER, by=None)
    except Conflict as known:
        return known.text
    return f"{owner.user} comes in, within a week, by {invitations.link(owner)}"
