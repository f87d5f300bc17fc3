"""Removes the demo world: everything that belongs to its companies, whatever room it lies in, and nothing else."""

from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q, QuerySet

from accounts.models import Operator, User
from billing.models import RevenueShare

from . import cast, mailbox

Model = type[models.Model]


@transaction.atomic
def demo() -> None:
    operators = Operator.objects.filter(slug__in=[company.slug for company in cast.COMPANIES])
    ids = list(operators.values_list("pk", flat=True))
    hosts = set(RevenueShare.objects.filter(operator__in=ids).values_list("host_email", flat=True))
    if ids:
        for rows in _belonging(ids).values():
            rows._raw_delete(rows.db)  # protection and immutability are for real books
    _forget_people(hosts)
    mailbox.empty()


def _belonging(operator_ids: list[int]) -> dict[Model, QuerySet[Any]]:
    """Rows by model, leaves first. A model belongs to the companies if one of its foreign keys leads to them."""
    found: dict[Model, QuerySet[Any]] = {Operator: Operator._base_manager.filter(pk__in=operator_ids)}
    grown = True
    while grown:
        grown = False
        for model in apps.get_models(include_auto_created=True):
            if model not in found and (rows := _rows(model, found)) is not None:
                found[model] = rows
                grown = True
    return {model: _frozen(rows) for model, rows in reversed(list(found.items()))}


def _rows(model: Model, found: dict[Model, QuerySet[Any]]) -> QuerySet[Any] | None:
    """By a key that every row has, where there is one; else by any of them."""
    keys = [
        f
        for f in model._meta.concrete_fields
        if f.is_relation and f.related_model in found and f.related_model is not model
    ]
    required = [key for key in keys if not key.null]
    condition = Q()
    for key in required[:1] or keys:
        condition |= Q(**{f"{key.name}__in": found[key.related_model].values("pk")})  # type: ignore[index]
    return model._base_manager.filter(condition) if condition else None


def _frozen(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Known by primary key, because what they are found by is deleted before them."""
    return rows.model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True)))


def _forget_people(hosts: set[str]) -> None:
    """Those who have not become somebody else's members or drivers meanwhile."""
    people = {
        person.email
        for company in cast.COMPANIES
        for person in (*company.drivers, *(m for m, _role in company.members))
    }
    User.objects.filter(email__in=people | hosts, memberships=None, drivers=None).delete()
