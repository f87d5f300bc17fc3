"""Stations come, change and go; gateways live and die; the bell may be silent."""

from datetime import timedelta

import pytest
import redis
import time_machine
from django.core.management import CommandError, call_command

from cms.core.errors import Invalid
from stations import doorbell, tasks
from stations.models import (
    ChargingStation,
    Command,
    ConnectionPeriod,
    Frame,
    Gateway,
    StationCredential,
    UnknownStation,
)
from stations.services import commands, credentials, gateways, provisioning, strangers
from stations.vocabulary.commands import Reset
from stations.vocabulary.events import FramesSeen, GatewayAlive
from stations.vocabulary.replies import DONE
from tests.factories import LocationFactory, StationFactory

from .conftest import NOON, connected, frame, knocked, status


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


# ---- stations ----------------------------------------------------------------------------------------------------


def test_a_generated_password_is_told_once_and_opens(station):
    password = provisioning.new_password(station=station, by=None)
    assert len(password) == 40
    int(password, 16)
    station.refresh_from_db()
    assert station.security_profile == 1
    row = StationCredential.objects.get()
    assert credentials.matches(row.salt, row.digest, password.encode())
    assert provisioning.new_password(station=station, by=None) != password
    row.refresh_from_db()
    assert not credentials.matches(row.salt, row.digest, password.encode())


def test_a_station_stands_only_at_its_operators_locations(station, other_operator, operator):
    home, foreign = LocationFactory(operator=operator), LocationFactory(operator=other_operator)
    provisioning.place(station=station, location=home, by=None)
    with pytest.raises(Invalid):
        provisioning.place(station=station, location=foreign, by=None)
    station.refresh_from_db()
    assert station.location == home


def test_an_archived_station_is_gone_but_its_history_stays(online, operator, olga, tell):
    tell(FramesSeen((frame(online),)))
    provisioning.archive(station=online, by=olga)
    provisioning.archive(station=online, by=olga)
    assert not ChargingStation.objects.visible_to(olga).exists()
    assert Frame.objects.count() == 1
    again = provisioning.create(operator=operator, identity="CP-0042", by=olga)
    assert again.pk != online.pk
    # the old socket may still speak: its frames find their place
    tell(FramesSeen((frame(online, NOON + timedelta(minutes=1)),)))
    assert Frame.objects.filter(station=online).count() == 2


def test_a_removed_station_is_deleted_a_day_later(online, tell, clock):
    tell(status(online), FramesSeen((frame(online),)))
    commands.request(station=online, command=Reset("OnIdle"), by=None)
    provisioning.remove(station=online, by=None)
    assert provisioning.purge(before=NOON) == 0
    assert provisioning.purge(before=NOON + timedelta(seconds=1)) == 1
    assert not ChargingStation.objects.exists()
    assert not Frame.objects.exists()
    assert not Command.objects.exists()


def test_create_station_is_idempotent(operator, capsys):
    for _ in range(2):
        call_command("create_station", "CP-1", "--operator", operator.slug, "--password", "0123456789abcdef")
    assert capsys.readouterr().out == "CP-1: security profile 1\n" * 2
    assert ChargingStation.objects.get().operator == operator
    call_command("create_station", "CP-1", "--operator", operator.slug)
    assert StationCredential.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["CP-1", "--operator", "nobody"], "nobody"),
        (["a b", "--operator", "rete-adriatica"], "identity"),
        (["CP-0042", "--operator", "costa-ovest"], "already in use"),
    ],
)
def test_create_station_says_what_is_wrong(station, other_operator, arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("create_station", *arguments)
    assert ChargingStation.objects.count() == 1


# ---- strangers ---------------------------------------------------------------------------------------------------


def test_the_adoption_list_forgets(db, tell, monkeypatch):
    tell(*(knocked(f"CP-{n}") for n in range(5)))
    UnknownStation.objects.filter(identity="CP-0").update(last_seen=NOON - timedelta(days=31))
    monkeypatch.setattr(strangers, "KEPT", 3)
    assert strangers.retire(before=NOON - timedelta(days=30)) == 2
    assert UnknownStation.objects.count() == 3


def test_a_crowd_of_strangers_pushes_out_the_oldest(db, tell, monkeypatch, clock):
    monkeypatch.setattr(strangers, "KEPT", 3)
    for n in range(7):
        clock.shift(timedelta(seconds=1))
        tell(knocked(f"CP-{n}"))
    assert list(UnknownStation.objects.order_by("id").values_list("identity", flat=True)) == ["CP-4", "CP-5", "CP-6"]


# ---- gateways ----------------------------------------------------------------------------------------------------


def presence() -> dict[str, bool]:
    return dict(ChargingStation.objects.values_list("identity", "online"))


@pytest.fixture
def two_gateways(operator, tell):
    for identity, gateway in [("CP-1", "gw-1"), ("CP-2", "gw-2")]:
        StationFactory(operator=operator, identity=identity)
        assert tell(GatewayAlive(gateway)) == DONE
        tell(knocked(identity, gateway=gateway))


def test_a_gateway_that_starts_again_has_lost_its_sockets(two_gateways, tell):
    tell(GatewayAlive("gw-1", started=True))
    assert presence() == {"CP-1": False, "CP-2": True}
    assert ConnectionPeriod.objects.get(gateway="gw-1").disconnected_at == NOON


def test_a_gateway_that_falls_silent_has_lost_them_too(two_gateways, tell, clock):
    clock.shift(timedelta(seconds=50))
    tell(GatewayAlive("gw-2"))
    assert gateways.close_dead(now=NOON + timedelta(seconds=59)) == 0
    assert gateways.close_dead(now=NOON + timedelta(seconds=61)) == 1
    assert presence() == {"CP-1": False, "CP-2": True}
    assert Gateway.objects.count() == 2


def test_a_station_that_moved_on_is_left_alone(two_gateways, tell):
    tell(knocked("CP-1", gateway="gw-2"))
    assert gateways.close_dead(now=NOON + timedelta(hours=1)) == 2
    connected(ChargingStation.objects.get(identity="CP-1"), tell)
    tell(GatewayAlive("gw-2", started=True))
    assert presence()["CP-1"] is True


def test_a_gateway_that_never_says_that_it_lives_is_left_alone(station, tell):
    connected(station, tell)
    assert gateways.close_dead(now=NOON + timedelta(days=9)) == 0


# ---- the bell ----------------------------------------------------------------------------------------------------


class Broken:
    def publish(self, channel: str, message: str) -> None:
        raise redis.ConnectionError("nobody there")


def test_a_silent_bell_is_logged_once_and_stops_nobody(
    station, bell, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def ring():
        with django_capture_on_commit_callbacks(execute=True):
            doorbell.ring(station.pk)

    monkeypatch.setattr(doorbell, "client", Broken)
    ring()
    ring()
    monkeypatch.setattr(doorbell, "client", lambda: bell)
    ring()
    ring()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert bell.rung == [station.pk] * 2


# ---- the timetable -----------------------------------------------------------------------------------------------


def test_every_sweep_runs_on_an_empty_house(db):
    sweeps = (
        tasks.expire_commands,
        tasks.close_dead_gateways,
        tasks.find_faults,
        tasks.give_up_jobs,
        tasks.retire_frames,
        tasks.retire_the_rest,
    )
    assert [sweep() for sweep in sweeps] == [0] * 6


def test_frames_are_kept_ninety_days(station, tell):
    tell(FramesSeen(tuple(frame(station, NOON - timedelta(days=days)) for days in (0, 89, 91, 200))))
    assert tasks.retire_frames() == 2
    assert Frame.objects.count() == 2


def test_the_timetable_names_tasks_that_exist():
    from cms.celery import app

    names = {entry["task"] for entry in app.conf.beat_schedule.values() if entry["task"].startswith("stations.")}
    assert names == {
        f"stations.tasks.{name}"
        for name in (
            "expire_commands",
            "close_dead_gateways",
            "find_faults",
            "give_up_jobs",
            "retire_frames",
            "retire_the_rest",
        )
    }
    assert names <= set(app.tasks)
