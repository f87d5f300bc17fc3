"""Seller and buyer, frozen on an invoice as JSON and printed as lines."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from accounts.models import Company, Driver, Operator
from billing.models import FiscalSettings
from billing.tariffs import figures

from . import words

_ADDRESS = ("address", "postal_code", "city", "province", "country_code")
_SELLER = ("legal_name", "vat_number", "fiscal_code", "tax_regime", "iban", "support_phone", "support_email", *_ADDRESS)
_BUYER = ("vat_number", "fiscal_code", "sdi_code", "pec", "vat_treatment", "intent_protocol", *_ADDRESS)


def seller(operator: Operator) -> dict[str, Any]:
    """With `register`, what a company of the companies register says of itself, where that is known."""
    known = {"name": operator.name, **{name: getattr(operator, name) for name in _SELLER}}
    settings = FiscalSettings.objects.filter(operator=operator).exclude(rea_number="").first()
    return {**known, "register": _register(settings)} if settings else known


def _register(settings: FiscalSettings) -> dict[str, Any]:
    """{"office", "number", "capital" (text or null), "shareholder", "liquidation"}, as IscrizioneREA of FatturaPA has it."""
    capital = settings.share_capital
    return {
        "office": settings.rea_office,
        "number": settings.rea_number,
        "capital": None if capital is None else f"{capital:.2f}",
        "shareholder": settings.sole_shareholder,
        "liquidation": "LS" if settings.in_liquidation else "LN",
    }


def buyer(payer: Driver | Company) -> dict[str, Any]:
    """A company that has given no other name for its invoices is called as everywhere else."""
    name = payer.billing_name or (payer.name if isinstance(payer, Company) else "")
    on = payer.intent_on.isoformat() if payer.intent_on else ""
    return {"legal_name": name, **{name: getattr(payer, name) for name in _BUYER}, "intent_on": on}


def dumps(party: Mapping[str, Any]) -> str:
    return json.dumps(party, ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> dict[str, Any]:
    party: dict[str, Any] = json.loads(text)
    return party


def missing(party: Mapping[str, Any]) -> list[str]:
    """What an invoice needs of its buyer and is not there: name, address, city, and in Italy one of VAT number and fiscal code."""
    needed = [name for name in ("legal_name", "address", "city") if not party.get(name)]
    known = party.get("vat_number") or party.get("fiscal_code") or party.get("country_code", "IT") != "IT"
    return needed if known else [*needed, "vat_number"]


def printed(party: Mapping[str, Any], language: str) -> dict[str, Any]:
    """{"name", "lines"} of a party's block."""
    said = words.of(language)
    town = " ".join(part for part in (party.get("postal_code"), party.get("city")) if part)
    province = f" ({party['province']})" if party.get("province") else ""
    ids = [
        f"{said[name]} {party[name]}" for name in ("vat_number", "fiscal_code", "sdi_code", "pec") if party.get(name)
    ]
    lines = [party.get("address", ""), f"{town}{province} · {party['country_code']}" if town else "", *ids]
    lines.append(_registered(party.get("register") or {}, said, language))
    return {"name": party.get("legal_name") or party.get("name", ""), "lines": [line for line in lines if line]}


def _registered(register: Mapping[str, Any], said: words.Words, language: str) -> str:
    """REA BO 123456 · Capitale sociale 10.000,00 € · socio unico."""
    if not register:
        return ""
    capital = register["capital"] and figures.money(Decimal(register["capital"]), "EUR", language)
    parts = (
        f"REA {register['office']} {register['number']}",
        said["capital"].format(amount=capital) if capital else "",
        said["sole_shareholder"] if register["shareholder"] == "SU" else "",
        said["liquidation"] if register["liquidation"] == "LS" else "",
    )
    return " · ".join(part for part in parts if part)
