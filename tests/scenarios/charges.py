"""Whole charges over the wire, in the words of a version: the scenarios that test_charge_v16 and test_charge_v201 run."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pypdfium2

from billing.documents import pdf
from billing.models import CDR
from billing.services.invoicing import invoices
from sessions_app.models import ChargingSession
from stations.models import Frame

from . import site as sites
from .live import LiveServer
from .site import PASSWORD, Site
from .talk import Charge, connected

MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)


def half_an_hour_ago() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


# ---- one charge, from the boot to the invoice ------------------------------------------------------------------------


def from_boot_to_invoice(live: LiveServer, version: str) -> None:
    with live.orm():
        site = sites.build(live)
    began = half_an_hour_ago()

    async def visit() -> None:
        async with connected(site.url, site.identity, version, PASSWORD) as station:
            assert await station.boot() == "Accepted"
            await station.status(1, "Available")
            assert await station.authorize(site.tags[0]) == "Accepted"
            assert await station.authorize("04DEADBEEF") in ("Invalid", "Unknown")
            charge = Charge(1, site.tags[0], 100_000, began)
            _, status = await station.begin(charge)
            assert status == "Accepted"
            for minute in (10, 20):
                await station.meter(charge, 100_000 + 250 * minute, began + minute * MINUTE)
            await station.end(charge, 107_500, began + 30 * MINUTE)

    asyncio.run(visit())
    with live.orm():
        session = _ended(site)
        assert (session.energy, session.meter_start, session.meter_stop) == (7500, 100_000, 107_500)
        assert (session.started_at, session.stopped_at) == (began, began + 30 * MINUTE)
        assert (session.stop_reason, session.id_tag, session.driver_id) == (
            "EVDisconnected",
            site.tags[0],
            site.driver_id,
        )
        assert session.review == ""
        _heard(site.journal(), version)
        cdr = _rated(site)
        assert (cdr.total_incl_vat, cdr.total_excl_vat, cdr.total_vat) == _money("4.13", "3.39", "0.74")
        assert (cdr.charging_seconds, cdr.parking_seconds) == (1800, 0)
        _paid_and_mailed(site, Decimal("4.13"))
        _documents(cdr)


def _ended(site: Site) -> ChargingSession:
    (session,) = sites.until(site.sessions, "the session")
    assert session.status == "completed"
    return session


def _rated(site: Site) -> CDR:
    (cdr,) = sites.until(site.cdrs, "the CDR")
    return cdr


def _money(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(amount) for amount in amounts)


def _heard(journal: list[Frame], version: str) -> None:
    """Every message is there, in order, with the answer that went out."""
    told = [frame.action for frame in journal if frame.kind == 2]
    start, meter, stop = ("StartTransaction", "MeterValues", "StopTransaction")
    if version == "2.0.1":
        start = meter = stop = "TransactionEvent"
    assert told == ["BootNotification", "StatusNotification", "Authorize", "Authorize", start, meter, meter, stop]
    assert all(frame.answer.startswith(f'[3,"{frame.message_id}",') for frame in journal if frame.kind == 2)
    assert all(frame.anomalies == "" for frame in journal)


def _paid_and_mailed(site: Site, amount: Decimal) -> None:
    (payment,) = sites.until(site.payments, "the payment")
    sites.until(lambda: site.payments()[0].status == "captured", "the money")
    assert payment.amount == amount
    mails = sites.until(site.mails, "the receipt by mail")
    assert len(mails) == 1
    assert "application/pdf" in mails[0]


def _documents(cdr: CDR) -> None:
    """The receipt in both languages, and a numbered invoice."""
    assert "4,13" in _text(pdf.receipt(cdr, "it"))
    assert "7.5" in _text(pdf.receipt(cdr, "en"))
    invoice = invoices.issue(cdrs=[cdr], by=None)
    assert invoice.total_incl_vat == Decimal("4.13")
    page = _text(pdf.invoice(invoice))
    for words in (invoice.number, "Trasporti Emilia S.r.l.", "4,13", "3,39", "0,74"):
        assert words in page, words


def _text(document: bytes) -> str:
    assert document.startswith(b"%PDF-")
    pages = pypdfium2.PdfDocument(io.BytesIO(document))
    return "\n".join(page.get_textpage().get_text_range() for page in pages)


# ---- the line breaks -------------------------------------------------------------------------------------------------


def across_a_dropped_socket(live: LiveServer, version: str) -> None:
    """The start's answer gets lost; the rest happens offline and is delivered, start first, when the line is back."""
    with live.orm():
        site = sites.build(live)
    began = half_an_hour_ago()
    charge = Charge(1, site.tags[0], 5000, began)

    async def visit() -> None:
        async with connected(site.url, site.identity, version, PASSWORD) as station:
            await station.boot()
            await station.begin_and_vanish(charge)
        async with connected(site.url, site.identity, version, PASSWORD) as station:
            await station.begin(charge)
            await station.meter(charge, 9000, began + 10 * MINUTE, offline=True)
            await station.end(charge, 15_000, began + 20 * MINUTE, offline=True)

    asyncio.run(visit())
    with live.orm():
        session = _ended(site)
        assert (session.energy, session.started_at, session.stopped_at) == (10_000, began, began + 20 * MINUTE)
        assert session.started_received_at > began + 20 * MINUTE
        assert _rated(site).total_incl_vat == Decimal("5.50")


def told_twice(live: LiveServer, version: str) -> None:
    """Start and stop three times, each under an id of its own: one session, one CDR, one payment."""
    with live.orm():
        site = sites.build(live)
    began = half_an_hour_ago()

    async def visit() -> set[str]:
        charge = Charge(1, site.tags[0], 0, began)
        async with connected(site.url, site.identity, version, PASSWORD) as station:
            await station.boot()
            ids = {(await station.begin(charge))[0] for _ in range(3)}
            await station.meter(charge, 4000, began + 10 * MINUTE)
            await station.end(charge, 8000, began + 20 * MINUTE)
            for _ in range(2):
                await station.end(charge, 8000, began + 20 * MINUTE, again=True)
            if version == "1.6":
                ids.add((await station.begin(charge))[0])
            return ids

    ids = asyncio.run(visit())
    assert len(ids) == 1
    with live.orm():
        session = _ended(site)
        assert ({session.transaction_id}, session.energy) == (ids, 8000)
        assert _rated(site).total_incl_vat == Decimal("4.40")
        sites.until(site.payments, "the payment")
        assert [payment.amount for payment in site.payments()] == [Decimal("4.40")]


# ---- two at once, and no clock ---------------------------------------------------------------------------------------


def two_sockets_at_once(live: LiveServer, version: str) -> None:
    """What one socket gives is never billed on the other."""
    with live.orm():
        site = sites.build(live, tags=2)
    began = half_an_hour_ago()

    async def visit() -> None:
        async with connected(site.url, site.identity, version, PASSWORD) as station:
            await station.boot()
            left = Charge(1, site.tags[0], 70_000, began)
            right = Charge(2, site.tags[1], 500, began + MINUTE)
            await station.begin(left)
            await station.begin(right)
            for minute in (5, 10, 15):
                await station.meter(left, 70_000 + 200 * minute, began + minute * MINUTE)
                await station.meter(right, 500 + 100 * minute, began + minute * MINUTE)
            await station.end(right, 2500, began + 16 * MINUTE)
            await station.meter(left, 74_000, began + 20 * MINUTE)
            await station.end(left, 75_000, began + 25 * MINUTE)

    asyncio.run(visit())
    with live.orm():
        left, right = site.sessions()
        assert (left.evse_id, left.energy, left.id_tag) == (1, 5000, site.tags[0])
        assert (right.evse_id, right.energy, right.id_tag) == (2, 2000, site.tags[1])
        cdrs = sites.until(lambda: (found := site.cdrs()) and len(found) == 2 and found, "both CDRs")
        assert {cdr.session.evse_id: cdr.total_incl_vat for cdr in cdrs} == {1: Decimal("2.75"), 2: Decimal("1.10")}


def with_a_clock_in_1970(live: LiveServer, version: str) -> None:
    """The energy is what counts; the times are those of our receipt, and it is noted that they are. A start that is told twice
    is still known by the station's own time."""
    with live.orm():
        site = sites.build(live)
    before = datetime.now(UTC)

    async def visit() -> None:
        async with connected(site.url, site.identity, version, PASSWORD) as station:
            await station.boot()
            charge = Charge(1, site.tags[0], 1000, EPOCH)
            assert (await station.begin(charge))[0] == (await station.begin(charge))[0]
            await station.meter(charge, 2000, EPOCH + 10 * MINUTE)
            await station.end(charge, 5000, EPOCH + 40 * MINUTE)

    asyncio.run(visit())
    with live.orm():
        session = _ended(site)
        assert session.stopped_at is not None
        assert before <= session.started_at <= session.stopped_at <= datetime.now(UTC)
        assert "clock" in session.review
        assert session.energy == 4000
        assert _rated(site).total_incl_vat == Decimal("2.20")
