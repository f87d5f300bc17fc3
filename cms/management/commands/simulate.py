"""`manage.py simulate --url ws://localhost:8000/ocpp --identity CP-TEST`: stations with cars and people, until Ctrl-C."""

import asyncio
import contextlib
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stations.simulator import behaviours, fleet, signing
from stations.simulator.hardware import Spec


class Command(BaseCommand):
    help = "Simulate charging stations over the wire, with cars and people, until Ctrl-C."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # --version means the protocol here, not Django's.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", required=True, help="the endpoint without the identity, e.g. ws://localhost:8000/ocpp"
        )
        parser.add_argument("--identity", required=True, help="with --count N: IDENTITY-1 … IDENTITY-N")
        parser.add_argument("--version", choices=("1.6", "2.0.1"), default="1.6", help="protocol (default 1.6)")
        parser.add_argument("--password", help="Basic authentication")
        parser.add_argument("--quirk", action="append", default=[], metavar="QUIRK", help=", ".join(behaviours.QUIRKS))
        parser.add_argument("--count", type=int, default=1, help="how many stations (default 1)")
        parser.add_argument("--dc", action="store_true", help="one 150 kW connector instead of two of 22 kW")
        parser.add_argument("--signs", action="store_true", help="meters sign begin and end of a charge (OCMF)")
        parser.add_argument("--token", action="append", help="a visitor's card; several are allowed")
        parser.add_argument("--visits-per-day", type=float, default=24.0, help="0: nobody comes by itself")

    def handle(self, **options: Any) -> None:
        try:
            behaviours.named(options["quirk"])
        except ValueError as unknown:
            raise CommandError(str(unknown)) from unknown
        specs = [self._spec(number, options) for number in range(1, options["count"] + 1)]
        for spec in specs if options["signs"] else ():
            self._tell_keys(spec)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(fleet.run(specs, options["token"] or ["04A1B2C3"]))

    def _tell_keys(self, spec: Spec) -> None:
        """What the label of each meter would say."""
        for connector in range(1, spec.connectors + 1):
            meter, key = signing.serial(spec.identity, connector), signing.public_key(spec.identity, connector)
            self.stdout.write(f"{spec.identity} connector {connector}: meter {meter}, public key {key}")

    def _spec(self, number: int, options: dict[str, Any]) -> Spec:
        return Spec(
            identity=options["identity"] if options["count"] == 1 else f"{options['identity']}-{number}",
            url=options["url"],
            version=options["version"],
            password=options["password"],
            connectors=1 if options["dc"] else 2,
            dc=options["dc"],
            max_w=150_000 if options["dc"] else 22_000,
            quirks=tuple(options["quirk"]),
            signs=options["signs"],
            visits_per_day=options["visits_per_day"],
        )
