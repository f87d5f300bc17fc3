"""Taking over the charges of another system: no row vanishes, nothing is charged twice."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Operator
from sessions_app.importing import dates, dialects
from sessions_app.importing.judging import Imported, Judge, Report
from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import checks, replaying
from stations.models import ChargingStation

FILE = Path(__file__).parents[1] / "data" / "imports" / "chargeplace.csv"


def judged(path: Path) -> list[Imported]:
    dialect, rows = dialects.open_rows(path)
    return list(Judge(dialect).judge(rows))


def run(*arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command("import_sessions", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def test_every_row_gets_one_verdict_with_its_reasons() -> None:
    assert [(row.raw.reference, row.verdict, row.reasons) for row in judged(FILE)] == [
        ("1001", "review", ("over_rating",)),
        ("1002", "accepted", ()),
        ("1003", "corrected", ("day_month",)),
        ("1004", "review", ("negative",)),
        ("1005", "review", ("missing_stop", "no_energy")),
        ("1006", "review", ("end_before_start",)),
        ("1006", "repeated", ("repeated",)),
        ("1007", "refused", ("start",)),
        ("1008", "refused", ("station",)),
        ("1009", "review", ("unreadable_energy",)),
        ("1010", "corrected", ("negative_rounding",)),
    ]


def test_times_are_local_times_of_the_place() -> None:
    row = judged(FILE)[1]
    assert row.began_at == datetime(2018, 4, 2, 8, 10, tzinfo=UTC)
    assert (row.ended_at, row.energy) == (datetime(2018, 4, 2, 12, 10, tzinfo=UTC), 25_500_000)


@pytest.mark.parametrize(
    ("text", "near", "expected", "notes"),
    [
        ("2018-08-31T00:00:00", None, date(2018, 8, 31), []),
        ("2017-01-09T00:00:00", date(2017, 9, 2), date(2017, 9, 1), ["day_month"]),
        ("02/03/2018", None, date(2018, 3, 2), []),
        ("01.02.17", date(2017, 1, 3), date(2017, 1, 2), ["day_month"]),
        ("0014-11-18", None, date(2014, 11, 18), ["century"]),
        ("01 Dec 2020", None, date(2020, 12, 1), []),
        ("31/31/2018", None, None, []),
        ("", None, None, []),
        ("soon", None, None, []),
    ],
)
def test_dates_are_read_as_they_were_meant(
    text: str, near: date | None, expected: date | None, notes: list[str]
) -> None:
    calendar, said = dates.Calendar("Europe/London", swaps=True), []
    calendar.near = near

    assert calendar.day(text, said) == expected
    assert said == notes


def test_where_nothing_ever_changed_places_a_date_is_what_it_says() -> None:
    calendar = dates.Calendar("Europe/London", swaps=False)
    calendar.near = date(2017, 9, 2)
    assert calendar.day("2017-01-09", []) == date(2017, 1, 9)


@pytest.mark.parametrize(
    ("file", "rows", "expected"),
    [
        ("dundee_cp-data-dec-mar-2018.csv.gz", 15_610, {"no_energy": 61, "negative": 7}),
        ("perth_kinross_EVChargeStationUseSept2017toAug2018.csv.gz", 20_277, {"no_energy": 43, "day_month": 7_265}),
    ],
)
def test_real_exports_come_out_whole(reference_data: Path, file: str, rows: int, expected: dict[str, int]) -> None:
    report = Report()
    days = set()
    for row in judged(reference_data / "sessions" / file):
        report.add(row)
        if row.began_at:
            days.add(row.began_at.date())

    assert (report.rows, sum(report.verdicts.values()), report.verdicts["refused"]) == (rows, rows, 0)
    assert {reason: report.reasons[reason] for reason in expected} == expected
    assert (max(days) - min(days)).days <= 366


def test_a_dry_run_says_what_would_become_of_every_row_and_writes_nothing(db: None, tmp_path: Path) -> None:
    said = run(FILE, rows=tmp_path / "rows.csv")

    assert "11 rows = 1 accepted, 2 corrected, 5 review, 1 repeated, 2 refused" in said
    assert "1 missing_stop (row 6)" in said
    listed = (tmp_path / "rows.csv").read_text().splitlines()
    assert listed[1] == "chargeplace.csv,2,1001,50349,review,over_rating"
    assert len(listed) == 1 + 10
    assert not ChargingSession.objects.exists()


def imported(operator: Operator) -> Callable[[], str]:
    return lambda: run(FILE, operator=operator.slug, write=True, create_stations=True)


def test_what_can_be_used_becomes_sessions_once(operator: Operator) -> None:
    take = imported(operator)
    assert "8 new sessions in the books" in take()
    before = ChargingSession.objects.order_by("pk").values_list("pk", "energy", "review", "status")
    known = list(before)
    evidence = Evidence.objects.count()
    assert "0 new sessions" in take()

    assert list(before.all()) == known
    assert Evidence.objects.count() == evidence
    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []
    good = ChargingSession.objects.get(transaction_id="chargeplace-1002-20180402T081000")
    assert (good.energy, good.evse_id, good.station.identity, good.review) == (Decimal(25_500), 2, "50349", "")
    assert set(ChargingStation.objects.values_list("identity", flat=True)) >= {"50349", "50350"}


def test_doubtful_rows_wait_for_a_person_and_none_runs(operator: Operator) -> None:
    imported(operator)()

    found = ChargingSession.objects.exclude(review="").values_list("transaction_id", "review")
    reviews = {name.rsplit("-", 1)[0]: review for name, review in found}
    assert reviews["chargeplace-1001"] == "over_rating"
    assert "negative" in reviews["chargeplace-1004"]
    assert "missing_stop" in reviews["chargeplace-1005"]
    assert not ChargingSession.objects.active().exists()


def test_what_was_charged_elsewhere_is_not_charged_again(operator: Operator) -> None:
    from billing.services.charges import rating

    imported(operator)()
    assert rating.unrated() == []
    assert rating.rate(session_id=ChargingSession.objects.earliest("pk").pk) is None


def test_the_checks_before_billing_leave_the_doubts_of_the_import_alone(operator: Operator) -> None:
    run(FILE, operator=operator.slug, write=True, create_stations=True)
    doubted = dict(ChargingSession.objects.exclude(review="").values_list("pk", "review"))
    assert doubted
    assert checks.run(ChargingSession.objects.values_list("pk", flat=True)) == 0
    assert dict(ChargingSession.objects.exclude(review="").values_list("pk", "review")) == doubted


def test_unknown_stations_operators_and_formats_are_named(operator: Operator, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no station 50349"):
        run(FILE, operator=operator.slug, write=True)
    assert not ChargingSession.objects.exists()
    with pytest.raises(CommandError, match="no operator 'nobody'"):
        run(FILE, operator="nobody", write=True)
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="no known export has the columns 'a,b'"):
        run(other)
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(CommandError, match=r"broken\.json"):
        run(broken)
