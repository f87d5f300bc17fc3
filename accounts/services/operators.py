"""Companies that run stations."""

import re
import string
from collections.abc import Mapping
from itertools import chain, product

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import access, identity
from accounts.models import ApiKey, Operator, User
from cms.core.errors import Conflict, Invalid
from cms.core.models import checked

EDITABLE = (
    "name",
    "support_phone",
    "support_email",
    "language",
    "time_zone",
    "currency",
    "legal_name",
    "vat_number",
    "fiscal_code",
    "address",
    "postal_code",
    "city",
    "province",
    "tax_regime",
    "iban",
)
PARTY_SIGNS = string.ascii_uppercase + string.digits


def create(*, slug: str, name: str, country_code: str = "IT") -> Operator:
    """A new operator with a free party id. Raises Invalid where slug or name cannot be used."""
    _check(slug, name)
    for party_id in _party_ids(name, slug):
        if Operator.objects.filter(country_code=country_code, party_id=party_id).exists():
            continue
        try:
            with transaction.atomic():
                return Operator.objects.create(slug=slug, name=name, party_id=party_id, country_code=country_code)
        except IntegrityError:  # somebody was quicker: with the slug, or with the party id
            if Operator.objects.filter(slug=slug).exists():
                raise Invalid({"slug": [_("This short name is taken.")]}) from None
    raise Conflict("No party id is left.", code="party_ids_exhausted")


def ensure(*, slug: str, name: str) -> Operator:
    """The operator with this slug, made now if it is new."""
    known = Operator.objects.filter(slug=slug)
    try:
        return known.first() or create(slug=slug, name=name)
    except Invalid:
        if raced := known.first():
            return raced
        raise


def update(*, operator: Operator, by: User | ApiKey | None, values: Mapping[str, str]) -> Operator:
    """Changes the fields that `values` names, of those in EDITABLE. Numbers are cleaned and checked.

    Raises Forbidden, and Invalid by field; then nothing is changed.
    """
    if by is not None:
        access.demand(by, "operator.edit", operator)
    changes, wrong = identity.clean({name: values[name] for name in EDITABLE if name in values})
    changed = Operator.objects.get(pk=operator.pk)
    for name, value in changes.items():
        setattr(changed, name, value)
    wrong = _model_errors(changed, changes) | wrong
    if wrong:
        raise Invalid(wrong)
    changed.save(update_fields=[*changes, "updated_at"])
    operator.refresh_from_db()
    return operator


def _model_errors(operator: Operator, changes: Mapping[str, str]) -> dict[str, list[str]]:
    try:
        checked(operator)
    except Invalid as invalid:
        return {name: said for name, said in invalid.fields.items() if name in changes}
    return {}


def _check(slug: str, name: str) -> None:
    errors = {}
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > 50:
        errors["slug"] = [_("Small letters, digits and single hyphens, at most 50.")]
    if not name.strip() or len(name) > 100:
        errors["name"] = [_("A name of at most 100 characters.")]
    if errors:
        raise Invalid(errors)


def _party_ids(name: str, slug: str) -> chain[str]:
    """Candidates, the most telling first: consonants and letters of the name, then any (eMI³: three of A-Z, 0-9)."""
    letters = re.sub(r"[^A-Z0-9]", "", slugify(name).upper()) or slug.replace("-", "").upper()
    consonants = re.sub(r"[AEIOU]", "", letters)
    told = [text[:3] for text in (consonants, letters) if len(text) >= 3]
    stem = (letters + "XX")[:2]
    return chain(told, (stem + sign for sign in PARTY_SIGNS), map("".join, product(PARTY_SIGNS, repeat=3)))
