"""Numbers that identify people, companies and accounts, as they are pasted: cleaned, checked, or refused with the reason.

Each function takes what was typed, returns the stored form ("" stays ""), and raises ValueError with a sentence for
people. Check digits: python-stdnum. Formats: FatturaPA 1.2.3 (Codice Fiscale, Partita IVA, Codice Destinatario, IBAN).
"""

import re
from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from stdnum import iban as stdnum_iban
from stdnum.ch import uid as swiss_uid
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError as Wrong
from stdnum.gb import vat as british_vat
from stdnum.it import codicefiscale, iva

IVA_DIGITS, SDI_SIGNS, VAT_SIGNS = 11, (6, 7), 14
COUNTRIES = frozenset(
    [
        "AD",
        "AE",
        "AF",
        "AG",
        "AI",
        "AL",
        "AM",
        "AO",
        "AQ",
        "AR",
        "AS",
        "AT",
        "AU",
        "AW",
        "AX",
        "AZ",
        "BA",
        "BB",
        "BD",
        "BE",
        "BF",
        "BG",
        "BH",
        "BI",
        "BJ",
        "BL",
        "BM",
        "BN",
        "BO",
        "BQ",
        "BR",
        "BS",
        "BT",
        "BV",
        "BW",
        "BY",
        "BZ",
        "CA",
        "CC",
        "CD",
        "CF",
        "CG",
        "CH",
        "CI",
        "CK",
        "CL",
        "CM",
        "CN",
        "CO",
        "CR",
        "CU",
        "CV",
        "CW",
        "CX",
        "CY",
        "CZ",
        "DE",
        "DJ",
        "DK",
        "DM",
        "DO",
        "DZ",
        "EC",
        "EE",
        "EG",
        "EH",
        "ER",
        "ES",
        "ET",
        "FI",
        "FJ",
        "FK",
        "FM",
        "FO",
        "FR",
        "GA",
        "GB",
        "GD",
        "GE",
        "GF",
        "GG",
        "GH",
        "GI",
        "GL",
        "GM",
        "GN",
        "GP",
        "GQ",
        "GR",
        "GS",
        "GT",
        "GU",
        "GW",
        "GY",
        "HK",
        "HM",
        "HN",
        "HR",
        "HT",
        "HU",
        "ID",
        "IE",
        "IL",
        "IM",
        "IN",
        "IO",
        "IQ",
        "IR",
        "IS",
        "IT",
        "JE",
        "JM",
        "JO",
        "JP",
        "KE",
        "KG",
        "KH",
        "KI",
        "KM",
        "KN",
        "KP",
        "KR",
        "KW",
        "KY",
        "KZ",
        "LA",
        "LB",
        "LC",
        "LI",
        "LK",
        "LR",
        "LS",
        "LT",
        "LU",
        "LV",
        "LY",
        "MA",
        "MC",
        "MD",
        "ME",
        "MF",
        "MG",
        "MH",
        "MK",
        "ML",
        "MM",
        "MN",
        "MO",
        "MP",
        "MQ",
        "MR",
        "MS",
        "MT",
        "MU",
        "MV",
        "MW",
        "MX",
        "MY",
        "MZ",
        "NA",
        "NC",
        "NE",
        "NF",
        "NG",
        "NI",
        "NL",
        "NO",
        "NP",
        "NR",
        "NU",
        "NZ",
        "OM",
        "PA",
        "PE",
        "PF",
        "PG",
        "PH",
        "PK",
        "PL",
        "PM",
        "PN",
        "PR",
        "PS",
        "PT",
        "PW",
        "PY",
        "QA",
        "RE",
        "RO",
        "RS",
        "RU",
        "RW",
        "SA",
        "SB",
        "SC",
        "SD",
        "SE",
        "SG",
        "SH",
        "SI",
        "SJ",
        "SK",
        "SL",
        "SM",
        "SN",
        "SO",
        "SR",
        "SS",
        "ST",
        "SV",
        "SX",
        "SY",
        "SZ",
        "TC",
        "TD",
        "TF",
        "TG",
        "TH",
        "TJ",
        "TK",
        "TL",
        "TM",
        "TN",
        "TO",
        "TR",
        "TT",
        "TV",
        "TW",
        "TZ",
        "UA",
        "UG",
        "UM",
        "US",
        "UY",
        "UZ",
        "VA",
        "VC",
        "VE",
        "VG",
        "VI",
        "VN",
        "VU",
        "WF",
        "WS",
        "XK",
        "YE",
        "YT",
        "ZA",
        "ZM",
        "ZW",
    ]
)
"""ISO 3166-1, and XK, which is used for Kosovo."""
NEIGHBOURS: Mapping[str, Callable[[str], bool]] = {"CH": swiss_uid.is_valid, "GB": british_vat.is_valid}
ITALIAN_CAP = r"([0-9]{5})?"  # CAPType of FatturaPA; empty is another rule's matter


def vat_number(typed: str) -> str:
    """With its country (IT00743110157). Digits alone are Italian; inside the EU, and next to it, check digits count."""
    number = _compact(typed)
    if not number:
        return ""
    if number.isdigit():
        number = f"IT{number}"
    if number.startswith("IT"):
        return f"IT{_italian_vat(number[2:])}"
    if not re.fullmatch(rf"[A-Z]{{2}}[0-9A-Z+*]{{2,{VAT_SIGNS - 2}}}", number):
        raise ValueError(_("A VAT number starts with two letters of the country: IT, DE, FR …"))
    exists = eu_vat.is_valid if number[:2].lower() in eu_vat.MEMBER_STATES else NEIGHBOURS.get(number[:2])
    if exists is not None and not exists(number):
        raise ValueError(_("This number does not exist: one character is wrong."))
    return number


def fiscal_code(typed: str) -> str:
    """Sixteen signs for a person, eleven digits for a company."""
    code = _compact(typed)
    if not code:
        return ""
    try:
        return str(iva.validate(code) if code.isdigit() else codicefiscale.validate(code))
    except Wrong as wrong:
        raise ValueError(_("This code does not exist: one character is wrong.")) from wrong


def iban(typed: str) -> str:
    number = _compact(typed)
    if not number:
        return ""
    try:
        return str(stdnum_iban.validate(number))
    except Wrong as wrong:
        raise ValueError(_("This IBAN does not exist: one character is wrong or missing.")) from wrong


def sdi_code(typed: str) -> str:
    """Codice destinatario: seven letters and digits, six for public bodies."""
    code = _compact(typed)
    if code and not (code.isascii() and code.isalnum() and len(code) in SDI_SIGNS):
        raise ValueError(_("An SDI code has 7 characters, 6 for public bodies."))
    return code


def province(typed: str) -> str:
    letters = _compact(typed)
    if letters and not re.fullmatch(r"[A-Z]{2}", letters):
        raise ValueError(_("Two letters, like BO."))
    return letters


def postal_code(typed: str) -> str:
    code = typed.strip().upper()
    if code and not re.fullmatch(r"[0-9A-Z][0-9A-Z \-]{1,9}", code):
        raise ValueError(_("A postal code has at most 10 letters and digits; in Italy 5 digits."))
    return code


def country_code(typed: str) -> str:
    letters = _compact(typed)
    if not re.fullmatch(r"[A-Z]{2}", letters):
        raise ValueError(_("Two letters, like IT."))
    if letters not in COUNTRIES:
        raise ValueError(_("No country has these letters."))
    return letters


def phone(typed: str) -> str:
    number = " ".join(typed.split())
    if number and not re.fullmatch(r"\+?[0-9][0-9 ()./\-]{4,29}", number):
        raise ValueError(_("A phone number: digits, spaces and a leading +."))
    return number


RULES: Mapping[str, Callable[[str], str]] = {
    "vat_number": vat_number,
    "fiscal_code": fiscal_code,
    "iban": iban,
    "sdi_code": sdi_code,
    "province": province,
    "postal_code": postal_code,
    "country_code": country_code,
    "support_phone": phone,
}


def clean(values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """What can be stored, and what is wrong, by field; a postal code depends on its country. Fields without a rule lose only blanks at the ends."""
    cleaned: dict[str, str] = {}
    wrong: dict[str, list[str]] = {}
    for name, typed in values.items():
        try:
            cleaned[name] = RULES.get(name, str.strip)(typed)
        except ValueError as refused:
            wrong[name] = [str(refused)]
    if cleaned.get("country_code") == "IT" and not re.fullmatch(ITALIAN_CAP, cleaned.get("postal_code", "")):
        cleaned.pop("postal_code")
        wrong["postal_code"] = [_("In Italy a postal code has five digits.")]
    return cleaned, wrong


def _compact(typed: str) -> str:
    return re.sub(r"[\s.\-/]", "", typed).upper()


def _italian_vat(digits: str) -> str:
    if digits.isdigit() and len(digits) != IVA_DIGITS:
        raise ValueError(_("It has 11 digits; here there are %(n)s.") % {"n": len(digits)})
    try:
        return str(iva.validate(digits))
    except Wrong as wrong:
        raise ValueError(_("This number does not exist: one digit is wrong.")) from wrong
