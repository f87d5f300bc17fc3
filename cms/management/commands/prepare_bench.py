"""Stations, tokens and a past for the load client of tests/bench, in an otherwise empty database.

Without a past PostgreSQL would plan for empty tables, as it does in the first minutes of an installation's life only.
"""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand
from django.db import connection
from django.utils import timezone

from accounts.models import Operator, Token
from sessions_app.models import ChargingSession
from stations.models import ChargingStation

SESSIONS_BEFORE = 20


class Command(BaseCommand):
    help = "Makes BENCH-00000 … with one token each (tests/bench)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stations", type=int)

    def handle(self, *args: Any, stations: int, **options: Any) -> None:
        operator = Operator.objects.create(slug="bench", name="Bench", party_id="BNC")
        numbers = range(stations)
        made = ChargingStation.objects.bulk_create(
            ChargingStation(operator=operator, identity=f"BENCH-{number:05d}") for number in numbers
        )
        uids = [f"BENCH{number:05d}" for number in numbers]
        Token.objects.bulk_create(Token(operator=operator, uid=uid, key=uid, max_active_sessions=None) for uid in uids)
        ChargingSession.objects.bulk_create(_past(made), batch_size=500)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _past(stations: Iterable[ChargingStation]) -> Iterable[ChargingSession]:
    now = timezone.now()
    for station in stations:
        for number in range(1, SESSIONS_BEFORE + 1):
            at = now - timedelta(days=number)
            yield ChargingSession(
                operator_id=station.operator_id, station=station, evse_id=1, connector_id=1, ocpp_version="1.6",
                transaction_id=f"past-{number}", start_key=f"{station.pk}/past-{number}", energy=12_000,
                status=ChargingSession.Status.COMPLETED, started_at=at, started_received_at=at,
                stopped_at=at + timedelta(hours=1), stopped_received_at=at + timedelta(hours=1),
            )  # fmt: skip
