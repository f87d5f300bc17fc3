"""The sentence a driver reads before plugging in, in the law's order, in both languages."""

from decimal import Decimal
from typing import Any

import pytest

from billing.tariffs import parsing, words


def element(kind: str, price: str, vat: int | None = 22, cap: str | None = None, **restrictions: Any) -> dict[str, Any]:
    component = {"type": kind, "price": Decimal(price), "vat": vat, "step_size": 1}
    if cap:
        component["max_amount"] = Decimal(cap)
    return {"price_components": [component], **({"restrictions": restrictions} if restrictions else {})}


WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]


@pytest.mark.parametrize(
    ("elements", "terms", "italian", "english"),
    [
        ([element("ENERGY", "0.55")], {}, "0,55 €/kWh, IVA inclusa", "€0.55/kWh, VAT included"),
        (
            [element("ENERGY", "0.55"), element("PARKING_TIME", "6", min_parking_duration=900)],
            {},
            "0,55 €/kWh, IVA inclusa; sosta 0,10 €/min dopo 15 min",
            "€0.55/kWh, VAT included; parking €0.10/min after 15 min",
        ),
        (
            [element("FLAT", "0.50"), element("TIME", "3"), element("ENERGY", "0.4836")],
            {"tax_included": False},
            "0,4836 €/kWh, IVA esclusa; tempo di ricarica 0,05 €/min; 0,50 € a ricarica",
            "€0.4836/kWh, plus VAT; charging time €0.05/min; €0.50 per charge",
        ),
        (
            [
                element("ENERGY", "0.69", start_time="17:00", end_time="20:00", day_of_week=WEEKDAYS),
                element("ENERGY", "0.49", start_time="22:00", end_time="07:00"),
                element("ENERGY", "0.49", day_of_week=["SUNDAY"]),
                element("ENERGY", "0.59"),
            ],
            {},
            "0,69 €/kWh lun–ven 17:00–20:00, 0,49 €/kWh 22:00–07:00 e dom, 0,59 €/kWh altrimenti, IVA inclusa",
            "€0.69/kWh Mon–Fri 17:00–20:00, €0.49/kWh 22:00–07:00 and Sun, €0.59/kWh otherwise, VAT included",
        ),
        (
            [element("ENERGY", "0.3", max_kwh=10), element("ENERGY", "0.5", min_power=50), element("ENERGY", "0.4")],
            {"min_price": Decimal(1), "max_price": Decimal(30)},
            "0,30 €/kWh sotto 10 kWh, 0,50 €/kWh da 50 kW, 0,40 €/kWh altrimenti, IVA inclusa; minimo 1,00 €; massimo 30,00 €",
            "€0.30/kWh below 10 kWh, €0.50/kWh from 50 kW, €0.40/kWh otherwise, VAT included; minimum €1.00; maximum €30.00",
        ),
        (
            [element("ENERGY", "0.55"), element("PARKING_TIME", "6", cap="12", start_time="08:00", end_time="20:00")],
            {},
            "0,55 €/kWh, IVA inclusa; sosta 0,10 €/min (al massimo 12,00 €) 08:00–20:00",
            "€0.55/kWh, VAT included; parking €0.10/min (at most €12.00) 08:00–20:00",
        ),
        (
            [element("ENERGY", "0.55"), element("TIME", "5", reservation="RESERVATION")],
            {},
            "0,55 €/kWh, IVA inclusa; prenotazione 5,00 €/h",
            "€0.55/kWh, VAT included; reservation €5.00/h",
        ),
        (
            [element("ENERGY", "0", max_duration=1800), element("ENERGY", "0.4", start_date="2026-12-24", end_date="2026-12-26"), element("ENERGY", "0.3")],
            {},
            "gratis i primi 30 min dall’inizio, 0,40 €/kWh dal 24/12/2026 al 25/12/2026, 0,30 €/kWh altrimenti, IVA inclusa",
            "free of charge the first 30 min from the start, €0.40/kWh from 24/12/2026 to 25/12/2026, €0.30/kWh otherwise, VAT included",
        ),
        ([element("FLAT", "0", None)], {}, "gratis", "free of charge"),
        ([element("ENERGY", "0.5", None)], {"tax_included": False, "currency": "CHF"}, "0,50 CHF/kWh", "CHF 0.50/kWh"),
        ([element("ENERGY", "55", 10)], {"currency": "JPY"}, "55 JPY/kWh, IVA inclusa", "JPY 55/kWh, VAT included"),
    ],
)  # fmt: skip
def test_a_tariff_in_one_sentence(elements: list[Any], terms: dict[str, Any], italian: str, english: str) -> None:
    tariff = parsing.tariff(elements, **terms)
    assert words.sentence(tariff, "it").replace("\u00a0", " ") == italian
    assert words.sentence(tariff, "en").replace("\u00a0", " ") == english
