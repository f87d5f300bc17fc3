"""Everything that `make run` starts, under one supervisor."""

import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from accounts.models import Membership, Role
from cms.demo import logins
from cms.process import programs
from cms.process.supervisor import Supervisor

FIRST_OWNER = '.venv/bin/python manage.py create_operator my-network --name "My network" --owner me@example.org'


class Command(BaseCommand):
    help = "Sets up what is missing and runs web, OCPP, worker and (unless DEMO=0) the demo world until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset-demo", action="store_true", help="make the demo data anew and stop")

    def handle(self, *args: Any, reset_demo: bool = False, **options: Any) -> None:
        if reset_demo:
            call_command("migrate", verbosity=0)
            call_command("seed_demo", reset=True)
            return
        demand_free_port(settings.PORT)
        supervisor = Supervisor()
        supervisor.catch_signals()
        environment = self.redis(supervisor)
        self.prepare()
        self.announce()
        supervisor.start(programs.web(port=settings.PORT, environment=environment))
        supervisor.start(programs.worker(folder=settings.VAR_DIR, environment=environment))
        if settings.DEMO:
            supervisor.start(programs.fleet(port=settings.PORT, environment=environment))
        raise SystemExit(supervisor.wait())

    def redis(self, supervisor: Supervisor) -> dict[str, str]:
        if programs.redis_given():
            return {}
        port = free_port()
        supervisor.start(programs.valkey(port=port, folder=settings.VAR_DIR / "valkey"))
        return {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}

    def prepare(self) -> None:
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns where it is missing
        call_command("migrate", verbosity=0)
        if settings.DEMO:
            call_command("seed_demo")
        elif logins.lock():
            self.stdout.write("An earlier demo’s data are in this database; its logins are locked without DEMO.")
        connection.close()

    def announce(self) -> None:
        url = f"http://localhost:{settings.PORT}"
        lines = [
            "",
            f"  Colonnina is starting on {url}",
            f"    drivers    {url}/",
            f"    operators  {url}/ops/",
            f"    API        {url}/api/v1/  (docs: {url}/api/docs/)",
            f"    stations   ws://localhost:{settings.PORT}/ocpp/<identity>",
        ]
        if settings.DEMO:
            lines += [f"    mails      {url}/demo/mail/", "", "  Demo logins:", *logins.lines()]
        elif not Membership.objects.filter(role=Role.OWNER).exists():
            lines += [
                "",
                "  Nobody runs an operator yet. This prints the link by which you come in:",
                f"    {FIRST_OWNER}",
            ]
        self.stdout.write("\n".join([*lines, "", "  Ctrl-C stops everything.", ""]))
        self.stdout.flush()


def demand_free_port(port: int) -> None:
    """Says who needs to move rather than failing later in a child."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 (stations come from outside)
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken. Is Colonnina running already? Stop it, or choose another port: "
                f"make run PORT={port + 1}  ({os.strerror(error.errno or 0)})"
            ) from error


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
