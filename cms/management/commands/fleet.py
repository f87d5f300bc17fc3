"""`manage.py fleet --url ws://…/ocpp`: the demo world's stations, cars and people, over the wire, until SIGTERM or Ctrl-C."""

import asyncio
import contextlib
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from cms.demo import fleet as demo
from stations.simulator import fleet


class Command(BaseCommand):
    help = "Runs the live fleet of the demo world against a server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", help="default: ws://127.0.0.1:PORT/ocpp")

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO is off: there is no demo world here.")
        specs = demo.specs(options["url"] or f"ws://127.0.0.1:{settings.PORT}/ocpp")
        tokens = demo.tokens()
        connection.close()
        with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(_until_told(fleet.run(specs, tokens)))


async def _until_told(work: Any) -> None:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task
