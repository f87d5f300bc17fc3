"""The codes of the Sistema di Interscambio in words, and where to mend what they are about."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .fatturapa.finding import Finding

SELLER, BUYER, DOCUMENT = "seller", "buyer", "document"


@dataclass(frozen=True, slots=True)
class Problem:
    """`place` is whose data it is: the operator's, the customer's, or the document's own."""

    code: str
    text: str
    place: str


_FIELDS: dict[str, Promise] = {
    "CAP": gettext_lazy("postal code"),
    "Comune": gettext_lazy("city"),
    "Provincia": gettext_lazy("province"),
    "Indirizzo": gettext_lazy("address"),
    "Nazione": gettext_lazy("country"),
    "Denominazione": gettext_lazy("name or company"),
    "IdCodice": gettext_lazy("VAT number"),
    "IdPaese": gettext_lazy("country of the VAT number"),
    "CodiceFiscale": gettext_lazy("fiscal code"),
    "CodiceDestinatario": gettext_lazy("SDI code"),
    "PECDestinatario": gettext_lazy("certified e-mail (PEC)"),
    "RegimeFiscale": gettext_lazy("tax regime"),
    "IBAN": gettext_lazy("IBAN"),
    "Email": gettext_lazy("e-mail"),
    "Telefono": gettext_lazy("phone"),
}

_CODES: dict[str, Promise] = {
    "00001": gettext_lazy("The name of the file is not right."),
    "00002": gettext_lazy("A file of this name was sent before."),
    "00003": gettext_lazy("The file is larger than 5 MB."),
    "00102": gettext_lazy("The signature of the file is not right."),
    "00200": gettext_lazy("The file does not follow the schema."),
    "00300": gettext_lazy("The fiscal id of the transmitter does not exist."),
    "00301": gettext_lazy("The VAT number of the seller does not exist."),
    "00302": gettext_lazy("The fiscal code of the seller does not exist."),
    "00305": gettext_lazy("The VAT number of the customer does not exist."),
    "00306": gettext_lazy("The fiscal code of the customer does not exist."),
    "00311": gettext_lazy("Nobody has this SDI code (CodiceDestinatario)."),
    "00312": gettext_lazy("This SDI code (CodiceDestinatario) is not active."),
    "00313": gettext_lazy("XXXXXXX is for customers abroad only."),
    "00400": gettext_lazy("A line without VAT does not say why (natura)."),
    "00401": gettext_lazy("A line with VAT names a reason for having none (natura)."),
    "00403": gettext_lazy("The date of the document is in the future."),
    "00404": gettext_lazy("This invoice was sent before, with the same number and year."),
    "00409": gettext_lazy("This invoice is in the file twice."),
    "00411": gettext_lazy("A line speaks of withholding tax, the document does not."),
    "00413": gettext_lazy("A pension fund without VAT does not say why (natura)."),
    "00414": gettext_lazy("A pension fund with VAT names a reason for having none (natura)."),
    "00415": gettext_lazy("A pension fund speaks of withholding tax, the document does not."),
    "00417": gettext_lazy("The customer has neither a VAT number nor a fiscal code."),
    "00418": gettext_lazy("The credit note is older than the invoice that it credits."),
    "00419": gettext_lazy("A VAT rate of the lines is missing in the summary."),
    "00420": gettext_lazy("Split payment and reverse charge do not go together."),
    "00421": gettext_lazy("The VAT is not the taxable amount times the rate."),
    "00422": gettext_lazy("The taxable amount is not the sum of the lines."),
    "00423": gettext_lazy("The amount of a line is not its price times its quantity."),
    "00424": gettext_lazy("A VAT rate is not in percent."),
    "00425": gettext_lazy("The number of the document has no digit."),
    "00426": gettext_lazy("With a PEC address the SDI code must be 0000000."),
    "00427": gettext_lazy("The SDI code has 7 characters for companies, 6 for public bodies."),
    "00428": gettext_lazy("Format and version of the file do not go together."),
    "00429": gettext_lazy("A summary without VAT does not say why (natura)."),
    "00430": gettext_lazy("A summary with VAT names a reason for having none (natura)."),
    "00437": gettext_lazy("A discount of the document does not say how much."),
    "00438": gettext_lazy("A discount of a line does not say how much."),
    "00443": gettext_lazy("A VAT rate of the summary is on no line."),
    "00444": gettext_lazy("A natura of the summary is on no line."),
    "00445": gettext_lazy("This natura needs its second digit."),
    "00471": gettext_lazy("Seller and customer are the same."),
    "00476": gettext_lazy("Seller and customer are both abroad."),
    "TOTALE": gettext_lazy("The total is not what the VAT rates come to."),
    "PAGAMENTI": gettext_lazy("More is asked for than is owed."),
    "BOLLO": gettext_lazy("The stamp duty (bollo) is missing."),
    "INTENTO": gettext_lazy("The protocol of the letter of intent and its date are missing."),
}


def problem(finding: Finding) -> Problem:
    """A finding of our own checks, with the field that it is about."""
    tag = finding.where.rpartition("/")[2].removesuffix(" is missing")
    field = _FIELDS.get(tag)
    if finding.code == "00200" and field is not None:
        said = _("“%(value)s” does not fit: %(field)s.") if finding.value else _("Missing: %(field)s.")
        text = said % {"value": finding.value, "field": field}
    else:
        text = meaning(finding.code) or finding.where
        if finding.value:
            text = f"{text} ({finding.value})"
        elif finding.code == "00200":
            text = f"{text} ({finding.where})"
    return Problem(finding.code, text, _place(finding.where))


def meaning(code: str) -> str:
    """ "" for a code that we have no sentence for: then the SdI's own stands."""
    sentence = _CODES.get(code)
    return str(sentence) if sentence is not None else ""


def place_of(code: str) -> str:
    """Where to mend what a refusal of the SdI is about, as far as its code tells."""
    return _PLACES.get(code, DOCUMENT)


_PLACES = {
    "00300": SELLER,
    "00301": SELLER,
    "00302": SELLER,
    "00305": BUYER,
    "00306": BUYER,
    "00311": BUYER,
    "00312": BUYER,
    "00313": BUYER,
    "00417": BUYER,
    "00426": BUYER,
    "00427": BUYER,
    "00471": BUYER,
}


def _place(where: str) -> str:
    if "CedentePrestatore" in where or "IBAN" in where or "IdTrasmittente" in where:
        return SELLER
    if "CessionarioCommittente" in where or "CodiceDestinatario" in where or "PECDestinatario" in where:
        return BUYER
    return DOCUMENT
