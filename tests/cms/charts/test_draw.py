"""Every chart is well-formed, escaped, speaks the reader's language, and says in its table what it shows."""

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from cms import charts
from cms.charts import svg

ROME = ZoneInfo("Europe/Rome")
NOON = datetime(2025, 11, 3, 12, tzinfo=ROME)
EVIL = '<script>alert("x")</script> & Söhne'


def tree(chart: charts.Chart) -> ET.Element:
    return ET.fromstring(chart.svg)


def shapes(chart: charts.Chart, cls: str) -> list[ET.Element]:
    return [node for node in tree(chart).iter() if cls in (node.get("class") or "").split()]


def words(chart: charts.Chart) -> list[str]:
    return [node.text or "" for node in tree(chart).iter("text")]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_the_ribbon_gives_every_state_its_share_and_its_link():
    chart = charts.ribbon(
        [
            charts.StateCount("available", "Available", 30, "/ops/stations/?state=available"),
            charts.StateCount("faulted", "Fault", 0, "/ops/stations/?state=faulted"),
            charts.StateCount("charging", "Charging", 10, "/ops/stations/?state=charging&x=1"),
        ]
    )
    widths = {node.get("class"): node.get("width") for node in tree(chart).iter("rect")}
    assert widths == {"f-available": "74.78%", "f-charging": "24.78%"}
    assert [node.get("href") for node in tree(chart).iter("a")] == [
        "/ops/stations/?state=available",
        "/ops/stations/?state=charging&x=1",
    ]
    assert chart.rows == [("Available", "30"), ("Fault", "0"), ("Charging", "10")]
    assert "<b>0</b> <span>Fault</span>" in chart.key


def test_a_ribbon_of_nothing_draws_no_bar():
    assert shapes(charts.ribbon([charts.StateCount("available", "Available", 0, "/")]), "f-available") == []


def band(today_until: int) -> list[charts.BandPoint]:
    return [charts.BandPoint(m, 800, 1200, 1000 if m <= today_until else None) for m in range(0, 1441, 15)]


def test_the_power_band_ends_todays_line_now():
    chart = charts.power_band(band(720), now=722, band_words=("Usual range,", "last 8 Mondays"))
    assert len(shapes(chart, "band")) == 1
    assert [node.get("cx") for node in shapes(chart, "end")] == ["50.00%"]
    assert "Now 1.0\u00a0kW" in words(chart)
    assert chart.rows[0] == ("00:00", "0.8", "1.2", "1.0")
    assert chart.rows[-1] == ("24:00", "0.8", "1.2", "–")


def test_without_history_there_is_no_band_and_no_word_about_it():
    points = [charts.BandPoint(m, None, None, 0 if m <= 60 else None) for m in range(0, 1441, 15)]
    chart = charts.power_band(points, now=60, band_words=("Usual range,", "last 8 Mondays"))
    assert shapes(chart, "band") == []
    assert "Usual range," not in words(chart)


def test_the_strip_places_times_and_leaves_the_future_empty():
    midnight = NOON.replace(hour=0)
    track = charts.Track("Connector 1", [charts.Part(midnight, NOON, "available")])
    chart = charts.strip(
        [track], start=midnight, end=midnight + timedelta(days=1), now=NOON, zone=ROME, words={"available": "Available"}
    )
    (part,) = shapes(chart, "f-available")
    assert (part.get("x"), part.get("width")) == ("0.00%", "49.88%")
    assert part.findtext("title") == "00:00–12:00 Available"
    assert "now 12:00" in words(chart)
    assert chart.rows == [("Connector 1", "03/11 00:00–03/11 12:00", "Available")]


def test_a_part_that_began_before_the_window_is_cut_at_its_edge():
    track = charts.Track("1", [charts.Part(NOON - timedelta(days=9), NOON, "offline")])
    chart = charts.strip(
        [track], start=NOON - timedelta(days=1), end=NOON, now=NOON, zone=ROME, words={"offline": "Off"}
    )
    (part,) = shapes(chart, "f-offline")
    assert (part.get("x"), part.get("width")) == ("0.00%", "99.88%")


def readings(count: int, every: int = 60) -> list[charts.Point]:
    return [charts.Point(NOON + timedelta(seconds=every * i), 11000, Decimal(183) * i, 20 + i) for i in range(count)]


def test_a_silence_in_the_readings_is_hatched_not_bridged():
    points = readings(10) + [
        charts.Point(p.at + timedelta(minutes=20), p.power_w, p.energy_wh, p.soc) for p in readings(10)
    ]
    chart = charts.session(points, zone=ROME)
    assert len(shapes(chart, "gap")) == 1
    assert len(shapes(chart, "area")) == 2


def test_cost_stacks_in_one_block_per_price():
    blocks = [
        charts.CostBlock("0.79 €/kWh", 2, [(NOON, Decimal(0)), (NOON + timedelta(minutes=5), Decimal("3.95"))]),
        charts.CostBlock(
            "0.65 €/kWh",
            3,
            [(NOON + timedelta(minutes=5), Decimal("3.95")), (NOON + timedelta(minutes=9), Decimal("6.55"))],
        ),
    ]
    chart = charts.session(readings(10), zone=ROME, blocks=blocks, events=[charts.Event(1, NOON)])
    assert len([node for node in tree(chart).iter("path") if node.get("class") in ("p2", "p3")]) == 2
    assert "€6.55" in words(chart)
    assert len(shapes(chart, "ev")) == 1
    assert chart.head == ("Time", "kW", "Battery, %", "kWh", "EUR")
    assert chart.rows[-1] == ("12:09", "11.0", "29", "1.65", "6.55")


def test_a_running_charge_marks_its_newest_value():
    chart = charts.session(readings(5), zone=ROME, running=True)
    assert len(shapes(chart, "end")) == 1
    assert "11.0\u00a0kW" in words(chart)


def test_ten_hours_of_seconds_are_thinned_but_keep_their_peak():
    points = [charts.Point(NOON + timedelta(seconds=i), 7000) for i in range(36000)]
    points[12345] = charts.Point(points[12345].at, 22000)
    chart = charts.session(points, zone=ROME)
    (curve,) = [node for node in shapes(chart, "line") if node.get("class") == "line"]
    assert curve.get("d", "").count("L") <= 510
    assert "22.0\u00a0kW peak" in words(chart)


def test_a_session_with_nothing_to_show_is_refused():
    with pytest.raises(ValueError):
        charts.session([], zone=ROME)


def test_power_lines_write_the_newest_value_on_each_line():
    at = [NOON - timedelta(minutes=m) for m in (30, 15, 0)]
    lines = [
        charts.Line("Connector 1", [(t, 0) for t in at], faulted=True),
        charts.Line("Connector 2", [(t, 11000) for t in at]),
    ]
    chart = charts.power_lines(lines, start=NOON - timedelta(hours=1), end=NOON, zone=ROME)
    assert "Connector 2\u00a0·\u00a011.0\u00a0kW" in words(chart)
    assert len(shapes(chart, "zero")) == 1
    assert chart.rows[0] == ("11:00", "–", "–")
    assert chart.rows[-1] == ("12:00", "0.0", "11.0")


def test_power_lines_do_not_bridge_a_silence():
    at = [NOON - timedelta(minutes=m) for m in (50, 49, 48, 47, 3, 2, 1, 0)]
    chart = charts.power_lines(
        [charts.Line("Connector 1", [(t, 11000) for t in at])], start=NOON - timedelta(hours=1), end=NOON, zone=ROME
    )
    assert len(shapes(chart, "area")) == 2


def test_power_lines_say_so_when_nothing_was_read():
    chart = charts.power_lines([], start=NOON - timedelta(hours=1), end=NOON, zone=ROME)
    assert "no power readings in this time" in words(chart)


def test_the_heatmap_is_darkest_where_it_is_busiest():
    cells: list[list[float | None]] = [[0.0] * 24 for _day in range(7)]
    cells[4][18] = 0.5
    cells[0][3] = None
    chart = charts.heatmap(cells)
    busiest = max(shapes(chart, "f-blue"), key=lambda node: float(node.get("fill-opacity", 0)))
    assert busiest.findtext("title") == "Friday 18:00–19:00: 50\u00a0%"
    assert len(shapes(chart, "gap")) == 1
    assert len(chart.rows) == 24
    assert chart.rows[18][5] == "50\u00a0%"


def test_the_time_split_adds_up_to_the_whole_width():
    chart = charts.time_split([charts.Split("Bologna", 0.32, 0.12, 0.5, 0.06)])
    starts = [node.get("x") for node in tree(chart).iter("rect")]
    assert starts == ["0.00%", "32.00%", "44.00%", "94.00%"]
    assert chart.rows == [("Bologna", "32.0\u00a0%", "12.0\u00a0%", "50.0\u00a0%", "6.0\u00a0%")]


def test_revenue_shows_thousands_and_last_year_as_a_mark():
    chart = charts.revenue(
        [
            charts.Month("Sep", Decimal("64680.50"), Decimal(26760), None),
            charts.Month("Oct", Decimal(68620), None, Decimal(52500)),
        ]
    )
    assert len(shapes(chart, "f-money")) == 2
    assert len(shapes(chart, "f-energy")) == 1
    assert len(shapes(chart, "tick")) == 1
    assert "80\u00a0thousand €" in words(chart)
    assert chart.rows[0] == ("Sep", "64,680.50", "26,760.00", "–")


def test_energy_days_turn_to_megawatt_hours():
    days = [charts.Day(date(2025, 10, 1), Decimal(26_800_000), Decimal(20_000_000), Decimal(28_000_000))]
    chart = charts.energy_days(days)
    assert chart.head[1] == "Energy, MWh"
    assert chart.rows[0][1:] == ("26.80", "20.00", "28.00")
    assert len(shapes(chart, "band")) == 1


def test_numbers_and_words_follow_the_readers_language():
    with translation.override("it"):
        assert svg.number(Decimal("1234.5"), 2) == "1.234,50"
        assert svg.percent(0.9788, 2) == "97,88\u00a0%"


@pytest.mark.parametrize(
    "chart",
    [
        lambda: charts.ribbon([charts.StateCount("available", EVIL, 5, f"/?q={EVIL}")]),
        lambda: charts.strip(
            [charts.Track(EVIL, [charts.Part(NOON, NOON + timedelta(hours=1), "offline")])],
            start=NOON,
            end=NOON + timedelta(hours=2),
            now=NOON + timedelta(hours=1),
            zone=ROME,
            words={"offline": EVIL},
        ),
        lambda: charts.time_split([charts.Split(EVIL, 1, 0, 0, 0, EVIL)]),
        lambda: charts.revenue([charts.Month(EVIL, Decimal(1))]),
        lambda: charts.power_lines(
            [charts.Line(EVIL, [(NOON, 5)])], start=NOON, end=NOON + timedelta(hours=1), zone=ROME
        ),
        lambda: charts.session(
            readings(3), zone=ROME, blocks=[charts.CostBlock(EVIL, 1, [(NOON, Decimal(0)), (NOON, Decimal(5))])]
        ),
    ],
)
def test_names_from_outside_are_escaped(chart):
    drawn = chart()
    assert "<script>" not in drawn.svg + drawn.key
    tree(drawn)


def test_local_hours_are_written_on_the_night_the_clocks_change():
    start = datetime(2025, 10, 25, 22, tzinfo=UTC)
    ticks = svg.time_ticks(start, start + timedelta(hours=25), ROME, most=6)
    assert [(round(share, 2), word) for share, word, _wide in ticks] == [
        (0.0, "00:00"),
        (28.0, "06:00"),
        (52.0, "12:00"),
        (76.0, "18:00"),
        (100.0, "24:00"),
    ]


@pytest.mark.parametrize(("soc", "lift"), [(66, 16), (97, -8)])
def test_the_battery_s_words_give_way_to_the_power_line_they_would_lie_on(soc: int, lift: int):
    """11 kW of an axis of 15 lie where 73 % of battery lie."""
    points = [charts.Point(NOON + timedelta(minutes=n), 11_000, None, soc) for n in range(10)]
    drawn = tree(charts.session(points, zone=ROME, height=200)).iter("text")
    (label,) = [node for node in drawn if "battery" in (node.text or "")]
    assert float(label.get("y") or 0) == pytest.approx(18 + 200 - 2 * soc + lift)
