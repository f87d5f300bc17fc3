"""FatturaElettronicaHeader of a document: who hands it over, who sells, who buys, and where it goes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.documents.fatturapa import finding, header, names
from billing.models import FiscalSettings

Party = Mapping[str, Any]

PRIVATE_EU, OUTSIDE_EU = "0000000", "OO99999999999"
PLACEHOLDERS = frozenset((PRIVATE_EU, OUTSIDE_EU))
NO_POSTAL_CODE = "00000"

_EU = frozenset(
    (
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "LT", "LU", "LV", "MT", "NL", "PL",
        "PT", "RO", "SE", "SI", "SK",
    )
)  # fmt: skip


def transmitter(seller: Party, settings: FiscalSettings) -> str:
    """Country and fiscal id of who hands the files over: IT00743110157."""
    if settings.transmitter:
        return settings.transmitter
    country, number = _vat(seller)
    return country + (seller.get("fiscal_code") or number)


def of(name: names.FileName, *, seller: Party, buyer: Party) -> header.Header:
    return header.Header(transmission=_transmission(name, buyer), seller=_seller(seller), buyer=_buyer(buyer))


def _transmission(name: names.FileName, buyer: Party) -> header.Transmission:
    recipient = recipient_of(buyer)
    return header.Transmission(
        transmitter=header.FiscalId(country=name.transmitter[:2], number=name.transmitter[2:]),
        progressive=name.progressive,
        format=header.FPA if len(recipient) == 6 else header.FPR,
        recipient=recipient,
        pec=(buyer.get("pec") or None) if recipient == finding.UNKNOWN else None,
    )


def recipient_of(buyer: Party) -> str:
    """CodiceDestinatario: the customer's own, else 0000000 (PEC, or the tax drawer), XXXXXXX outside Italy."""
    if abroad(buyer):
        return finding.ABROAD
    return buyer.get("sdi_code") or finding.UNKNOWN


def abroad(party: Party) -> bool:
    return bool(party.get("country_code", "IT") != "IT")


def _seller(party: Party) -> header.Seller:
    country, number = _vat(party)
    return header.Seller(
        identity=header.SellerIdentity(
            vat=header.FiscalId(country=country, number=number),
            fiscal_code=party.get("fiscal_code") or None,
            name=header.Name(company=party.get("legal_name") or None),
            regime=party.get("tax_regime", ""),
        ),
        address=_address(party),
        companies_register=_register(party.get("register") or {}),
        contacts=_contacts(party),
    )


def _register(known: Mapping[str, Any]) -> header.CompaniesRegister | None:
    if not known:
        return None
    return header.CompaniesRegister(
        office=known["office"],
        number=known["number"],
        capital=Decimal(known["capital"]) if known["capital"] else None,
        sole_shareholder=known["shareholder"] or None,
        liquidation=known["liquidation"],
    )


def _contacts(party: Party) -> header.Contacts | None:
    phone = "".join(sign for sign in party.get("support_phone", "") if sign.isdigit() or sign == "+").removeprefix(
        "+39"
    )
    email = party.get("support_email") or None
    fits = phone if 5 <= len(phone) <= 12 else None
    return header.Contacts(phone=fits, email=email) if fits or email else None


def _buyer(party: Party) -> header.Buyer:
    return header.Buyer(
        identity=header.BuyerIdentity(
            vat=_buyers_vat(party),
            fiscal_code=(party.get("fiscal_code") or None) if not abroad(party) else None,
            name=header.Name(company=party.get("legal_name") or None),
        ),
        address=_address(party),
    )


def _buyers_vat(party: Party) -> header.FiscalId | None:
    """A private person has none; abroad something must stand there: the guide of the Agenzia says what."""
    if party.get("vat_number"):
        country, number = _vat(party)
        return header.FiscalId(country=country, number=number)
    if not abroad(party):
        return None
    return header.FiscalId(
        country=party["country_code"], number=PRIVATE_EU if party["country_code"] in _EU else OUTSIDE_EU
    )


def _vat(party: Party) -> tuple[str, str]:
    number: str = party.get("vat_number", "")
    if number[:2].isalpha():
        return number[:2], number[2:]
    return party.get("country_code", "IT"), number


def _address(party: Party) -> header.Address:
    """Only Italian postal codes have a place of their own; others stand before the town."""
    foreign = abroad(party)
    town = " ".join(filter(None, (party.get("postal_code"), party.get("city")))) if foreign else party.get("city", "")
    return header.Address(
        street=party.get("address", ""),
        postal_code=NO_POSTAL_CODE if foreign else party.get("postal_code", ""),
        town=town,
        province=None if foreign else party.get("province") or None,
        country=party.get("country_code", "IT"),
    )
