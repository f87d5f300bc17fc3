"""A buyer as people write him on a phone: one line for the number, one for the address. Pure: text in, the fields of BillingData out.

What the numbers are worth is judged in accounts.identity.
"""

import re

FISCAL_CODE, VAT_DIGITS = 16, 11

_LABEL = re.compile(
    r"^\s*(?:p(?:artita)?[\s.]*iva|c[\s.]*f(?=[\s.:])|cod(?:ice)?[\s.]*fisc(?:ale)?|vat(?:\s*(?:no|number|id))?|ust-?id(?:nr)?)[\s.:]*",
    re.IGNORECASE,
)
_SWISS = re.compile(r"(CHE\d{9})(?:IVA|TVA|MWST|VAT)")
_COUNTRIES = {"EL": "GR", "XI": "GB"}  # where the letters of a VAT number are not those of ISO 3166

_ADDRESS = re.compile(
    r"(?P<address>.+?)(?:\s*[,;\n]\s*|\s+-\s+|\s+(?=\d{5}\b))"
    r"(?:[A-Z]{1,2}-(?=\d))?(?P<postal_code>[0-9A-Z][0-9A-Z -]{1,8}?)[\s,]+(?P<city>[^\d(),]+?)"
    r"(?:[\s,]*\((?P<bracketed>[A-Za-z]{2})\)|\s*,\s*(?P<after>[A-Za-z]{2})|\s+(?P<bare>[A-Z]{2}))?"
    r"(?:[\s,]+(?:Italia|Italy))?\s*",
)


def number(text: str) -> dict[str, str]:
    """`vat_number` or `fiscal_code`, and the `country_code` that it says. Sixteen signs are a person's code; eleven digits that begin
    with 8 or 9 are one of somebody without a VAT number (an association); letters in front name a country, and two letters alone say
    only where a private person from abroad lives."""
    plain = re.sub(r"[\s.\-/]", "", _LABEL.sub("", text)).upper()
    swiss = _SWISS.fullmatch(plain)
    plain = swiss[1] if swiss else plain
    unregistered = len(plain) == VAT_DIGITS and plain.isdigit() and plain[0] in "89"
    personal = len(plain) == FISCAL_CODE or unregistered
    country = plain[:2] if plain[:2].isalpha() and not personal else "IT"
    return {
        "vat_number": "" if personal or plain == country != "IT" else plain,
        "fiscal_code": plain if personal else "",
        "country_code": _COUNTRIES.get(country, country),
    }


def place(text: str) -> dict[str, str] | None:
    """`address`, `postal_code`, `city`, `province` ("" where none is said) of one line; None where it cannot be told apart."""
    read = _ADDRESS.fullmatch(text.strip())
    if read is None:
        return None
    found = {name: read[name].strip() for name in ("address", "postal_code", "city")}
    return found | {"province": (read["bracketed"] or read["after"] or read["bare"] or "").upper()}
