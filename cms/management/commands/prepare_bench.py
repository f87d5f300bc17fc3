"""Stations and tokens for the load client of tests/bench, in an otherwise empty database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.db import connection

from accounts.models import Operator, Token
from stations.models import ChargingStation


class Command(BaseCommand):
    help = "Makes BENCH-00000 … with one token each (tests/bench)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stations", type=int)

    def handle(self, *args: Any, stations: int, **options: Any) -> None:
        operator = Operator.objects.create(slug="bench", name="Bench", party_id="BNC")
        numbers = range(stations)
        ChargingStation.objects.bulk_create(
            ChargingStation(operator=operator, identity=f"BENCH-{number:05d}") for number in numbers
        )
        uids = [f"BENCH{number:05d}" for number in numbers]
        Token.objects.bulk_create(Token(operator=operator, uid=uid, key=uid, max_active_sessions=None) for uid in uids)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
