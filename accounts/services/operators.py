"""Companies that run stations."""

import re
import string
from itertools import chain, product

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Operator
from cms.core.errors import Conflict, Invalid

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
    return Operator.objects.filter(slug=slug).first() or create(slug=slug, name=name)


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
