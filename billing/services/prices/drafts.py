"""Tariffs that are still being written. A draft is one person's and valid nowhere until it is published."""

import json
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from accounts import access
from accounts.models import Operator, User
from billing.models import Tariff, TariffDraft


def keep(
    *, operator: Operator, tariff: Tariff | None, typed: Mapping[str, list[str]], base: int, by: User
) -> TariffDraft:
    """Saves what stands in the editor, over what was saved before. `base`: the version that it began from, kept once it is set.
    Raises Forbidden."""
    access.demand(by, "tariff.edit", tariff or operator)
    text = json.dumps(typed, ensure_ascii=False, separators=(",", ":"))
    draft = find(operator=operator, tariff=tariff, by=by)
    if draft is None:
        try:
            with transaction.atomic():
                return TariffDraft.objects.create(operator=operator, tariff=tariff, author=by, typed=text, base=base)
        except IntegrityError:  # another tab of the same person was faster
            draft = TariffDraft.objects.get(operator=operator, tariff=tariff, author=by)
    draft.typed = text
    draft.save(update_fields=["typed", "updated_at"])
    return draft


def begin(
    *, operator: Operator, tariff: Tariff | None, typed: Mapping[str, list[str]], base: int, by: User
) -> TariffDraft:
    """The same from scratch: what was there is given up."""
    discard(operator=operator, tariff=tariff, by=by)
    return keep(operator=operator, tariff=tariff, typed=typed, base=base, by=by)


def find(*, operator: Operator, tariff: Tariff | None, by: User) -> TariffDraft | None:
    return TariffDraft.objects.filter(operator=operator, tariff=tariff, author=by).first()


def typed(draft: TariffDraft) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(draft.typed)
    return found


def discard(*, operator: Operator, tariff: Tariff | None, by: User) -> None:
    """Twice is boring. Raises Forbidden."""
    access.demand(by, "tariff.edit", tariff or operator)
    TariffDraft.objects.filter(operator=operator, tariff=tariff, author=by).delete()
