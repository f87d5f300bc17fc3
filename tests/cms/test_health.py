"""/health/ and /metrics: what scripts and monitors rely on (api-contract §10)."""

import pytest
from django.test import Client

from cms import health
from stations.models import ChargingStation
from tests.factories import StationFactory


@pytest.mark.django_db
def test_health_is_ok_when_every_part_answers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECKS", {"database": health.database, "broker": lambda: None})
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "web": "ok", "database": "ok", "broker": "ok"})


@pytest.mark.django_db
def test_health_names_the_part_that_is_down_and_keeps_the_reason(client: Client, settings, caplog) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/health/")
    assert answer.status_code == 503
    said = answer.json()
    assert (said["status"], said["database"], said["broker"]) == ("down", "ok", "down")
    assert "ConnectionError" not in answer.content.decode()
    assert "part=broker: ConnectionError" in caplog.text


@pytest.mark.django_db
def test_metrics_count_stations_for_the_loopback(client: Client, station: ChargingStation) -> None:
    StationFactory(operator=station.operator, online=True)
    text = client.get("/metrics").content.decode()
    assert 'colonnina_stations{state="online"} 1.0' in text
    assert 'colonnina_stations{state="offline"} 1.0' in text


@pytest.mark.parametrize(
    "visitor", [{"REMOTE_ADDR": "203.0.113.9"}, {"headers": {"X-Forwarded-For": "203.0.113.9"}}], ids=["far", "proxied"]
)
@pytest.mark.django_db
def test_metrics_do_not_exist_for_strangers(client: Client, visitor: dict) -> None:
    assert client.get("/metrics", **visitor).status_code == 404


@pytest.mark.django_db
def test_metrics_open_to_a_token_from_anywhere(client: Client, settings) -> None:
    settings.METRICS_TOKEN = "prometheus"
    right = {"REMOTE_ADDR": "203.0.113.9", "headers": {"Authorization": "Bearer prometheus"}}
    wrong = {"REMOTE_ADDR": "203.0.113.9", "headers": {"Authorization": "Bearer grafana"}}
    assert (client.get("/metrics", **right).status_code, client.get("/metrics", **wrong).status_code) == (200, 404)
