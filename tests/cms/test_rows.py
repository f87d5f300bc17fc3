"""Many rows at once must mean the same on every database as saving them one by one."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from cms.core import rows
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Command, Frame, Location, StationCredential, Variable

NOON = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
VARIABLE = (
    "station_id",
    "component",
    "component_instance",
    "evse_id",
    "connector_id",
    "name",
    "instance",
    "attribute",
    "value",
    "readonly",
    "data_type",
    "updated_at",
)
VARIABLE_KEY = VARIABLE[:8]
ODD_TEXT = "tab\t newline\n backslash\\N {curly,\"quoted\"} 'apostrophe' % naïve 🔌"


def variable(station: ChargingStation, name: str, value: str | None, readonly: bool | None = None) -> tuple:
    return (station.pk, "", "", 0, 0, name, "", "Actual", value, readonly, "", NOON)


def stored() -> dict[str, str | None]:
    return dict(Variable.objects.order_by("name").values_list("name", "value"))


def test_insert_writes_what_the_model_reads_back(station):
    columns = ("station_id", "epoch", "at", "outgoing", "kind", "message_id", "action", "raw")
    rows.insert(
        Frame,
        (*columns, "answer", "took_us", "anomalies"),
        [
            (station.pk, 2**40, NOON, False, 2, "1", "Heartbeat", ODD_TEXT, "", 12, ""),
            (station.pk, 1, NOON - timedelta(days=1), True, 3, "2", "", "", "[]", 0, "clock"),
        ],
    )
    first, second = Frame.objects.order_by("-at")
    assert (first.epoch, first.at, first.outgoing, first.raw) == (2**40, NOON, False, ODD_TEXT)
    assert (second.at, second.outgoing, second.anomalies) == (NOON - timedelta(days=1), True, "clock")
    assert Frame.objects.filter(at__gte=NOON).count() == 1


def test_insert_of_many_rows_keeps_their_order_and_every_sign(station):
    columns = ("station_id", "epoch", "at", "outgoing", "kind", "message_id", "action", "raw", "answer", "took_us")
    many = 2 * rows.WORTH_A_COPY
    told = [(station.pk, n, NOON, n % 2 == 0, 2, str(n), "Heartbeat", f"{ODD_TEXT} {n}", "", 1) for n in range(many)]
    rows.insert(Frame, (*columns, "anomalies"), [(*row, "") for row in told])
    assert list(Frame.objects.order_by("id").values_list(*columns)) == told


def test_insert_keeps_uuids_decimals_and_nulls(operator, station):
    uid = uuid.uuid4()
    rows.insert(
        Command,
        (
            "uid",
            "station_id",
            "ocpp_version",
            "kind",
            "arguments",
            "action",
            "payload",
            "timeout",
            "automatic",
            "status",
            "created_at",
            "sent_at",
        ),
        [(uid, station.pk, "1.6", "Reset", "{}", "Reset", "{}", 30, False, "pending", NOON, None)],
    )
    rows.insert(
        Location,
        (
            "operator_id",
            "name",
            "address",
            "postal_code",
            "city",
            "province",
            "country_code",
            "latitude",
            "time_zone",
            "public",
            "opening_hours",
            "created_at",
            "updated_at",
        ),
        [
            (
                operator.pk,
                "Porto",
                "Molo 1",
                "",
                "Ancona",
                "",
                "IT",
                Decimal("43.616667"),
                "Europe/Rome",
                True,
                "",
                NOON,
                NOON,
            )
        ],
    )
    assert Command.objects.get(uid=uid).sent_at is None
    assert Location.objects.get(name="Porto").latitude == Decimal("43.616667")


def test_insert_takes_energy_as_stored_integers(operator, station):
    columns = (
        "operator_id",
        "station_id",
        "ocpp_version",
        "transaction_id",
        "start_key",
        "id_tag",
        "authorization",
        "status",
        "started_at",
        "started_received_at",
        "closed_by_us",
        "discarded",
        "energy",
        "estimated",
        "charging_state",
        "state",
        "review",
        "created_at",
        "updated_at",
    )
    row = (
        operator.pk,
        station.pk,
        "1.6",
        "7",
        "k",
        "T",
        "Accepted",
        "active",
        NOON,
        NOON,
        False,
        False,
        1_500,
        False,
        "",
        "{}",
        "",
    )
    rows.insert(ChargingSession, columns, [(*row, NOON, NOON)])
    assert ChargingSession.objects.get().energy == Decimal("1.5")
    key = ChargingSession.objects.get().pk
    assert (
        rows.update(ChargingSession, ("id",), ("energy", "stopped_at"), [(key, 2_001, NOON), (key + 1, 0, NOON)]) == 1
    )
    assert ChargingSession.objects.values_list("energy", "stopped_at").get() == (Decimal("2.001"), NOON)


def test_insert_of_a_breaking_row_keeps_none(station):
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(Variable, VARIABLE, [variable(station, "A", "1"), variable(station, "A", "2")])
    assert stored() == {}


def test_insert_new_keeps_the_row_that_was_first(station):
    assert rows.insert_new(Variable, VARIABLE, [variable(station, "A", "1")], conflict=VARIABLE_KEY) == 1
    again = [variable(station, "A", "2"), variable(station, "B", None), variable(station, "B", "3")]
    assert rows.insert_new(Variable, VARIABLE, again, conflict=VARIABLE_KEY) == 1
    assert stored() == {"A": "1", "B": None}


def test_insert_new_without_a_key_gives_way_to_any(station):
    rows.insert(Variable, VARIABLE, [variable(station, "A", "1")])
    assert rows.insert_new(Variable, VARIABLE, [variable(station, "A", "2")]) == 0


def test_upsert_changes_only_the_columns_named_and_the_last_wins(station):
    rows.insert(Variable, VARIABLE, [variable(station, "B", "old", True)])
    new = [variable(station, "C", "1"), variable(station, "B", "2", False), variable(station, "B", ODD_TEXT, False)]
    assert rows.upsert(Variable, VARIABLE, new, key=VARIABLE_KEY, update=("value", "updated_at")) == 2
    assert stored() == {"B": ODD_TEXT, "C": "1"}
    assert Variable.objects.get(name="B").readonly is True


def test_update_by_several_columns(station):
    rows.insert(Variable, VARIABLE, [variable(station, "A", "1"), variable(station, "B", "2")])
    changes = [(station.pk, "A", None, NOON + timedelta(hours=1)), (station.pk, "Z", "9", NOON)]
    assert rows.update(Variable, ("station_id", "name"), ("value", "updated_at"), changes) == 1
    assert stored() == {"A": None, "B": "2"}
    assert Variable.objects.get(name="A").updated_at == NOON + timedelta(hours=1)


def test_nothing_to_write_asks_the_database_nothing(station, django_assert_num_queries):
    with django_assert_num_queries(0):
        rows.insert(Variable, VARIABLE, [])
        assert rows.insert_new(Variable, VARIABLE, []) == 0
        assert rows.upsert(Variable, VARIABLE, [], key=VARIABLE_KEY, update=("value",)) == 0
        assert rows.update(Variable, ("id",), ("value",), []) == 0


def test_over_long_text_is_refused_and_never_cut(station):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no lengths")
    columns, row = ("station_id", "salt", "digest", "changed_at"), (station.pk, "s" * 33, "d", NOON)
    with pytest.raises(DataError), transaction.atomic():
        rows.insert_new(StationCredential, columns, [row])
    with pytest.raises(DataError), transaction.atomic():
        rows.insert(StationCredential, columns, [row])
