"""`manage.py seed_demo`: the demo world, once. `--reset` makes it anew."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cms.demo import logins, uproot, world


class Command(BaseCommand):
    help = "Makes the demo world (companies, stations, people, 60 days of charging). Does nothing where it exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="remove the demo world first")
        parser.add_argument("--days", type=int, default=world.DAYS, help="how much past (default %(default)s)")

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "DEMO is off: there is no demo world here. Set DEMO=1 on a machine for trying things out."
            )
        if options["reset"]:
            uproot.demo()
        if world.exists():
            logins.unlock()
            return
        self.stdout.write("Making the demo world …")
        self.stdout.flush()
        began = time.monotonic()
        logging.getLogger("stations.services.provisioning").setLevel(
            logging.WARNING
        )  # one line a station is noise here
        made = world.build(days=options["days"])
        told = ", ".join(f"{count} {name}" for name, count in made.items())
        self.stdout.write(f"Demo world: {told} in {time.monotonic() - began:.1f} s")
