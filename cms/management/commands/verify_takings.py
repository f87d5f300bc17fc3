"""manage.py verify_takings: is the chain of corrispettivi what it was?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Operator
from billing.selectors import takings


class Command(BaseCommand):
    help = "Computes every hash of the corrispettivi again; exits with 1 where an entry is missing or not what it was."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operator", metavar="SLUG", help="of all operators without it")

    def handle(self, *args: Any, **asked: Any) -> None:
        operators = Operator.objects.order_by("slug")
        if asked["operator"]:
            operators = operators.filter(slug=asked["operator"])
            if not operators:
                raise CommandError(f"There is no operator {asked['operator']}.")
        broken = [operator.slug for operator in operators if not self._whole(operator)]
        if broken:
            raise CommandError(f"Broken: {', '.join(broken)}.")

    def _whole(self, operator: Operator) -> bool:
        verdict = takings.verify(operator)
        if verdict.broken is None:
            self.stdout.write(f"{operator.slug}: {verdict.entries} entries, whole")
            return True
        self.stdout.write(f"{operator.slug}: entry {verdict.broken} is missing or was changed")
        return False
