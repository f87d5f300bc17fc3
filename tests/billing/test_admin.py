"""The admin shows what billing keeps and changes none of it."""

from collections.abc import Callable

import pytest
from django.contrib.admin import site
from django.test import RequestFactory

from accounts.models import User
from billing.models import CDR, Invoice, NumberSequence, Payment, Tariff, TariffVersion
from billing.services.charges import rating
from billing.services.debts import settling
from sessions_app.models import ChargingSession
from tests.factories import UserFactory

KEPT = (Tariff, CDR, Invoice, Payment, NumberSequence)


@pytest.fixture
def root(db: None) -> User:
    user: User = UserFactory(email="root@example.org", is_staff=True, is_superuser=True)
    return user


@pytest.mark.parametrize("model", KEPT)
def test_nobody_adds_changes_or_deletes(model: type, root: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = root
    admin = site.get_model_admin(model)
    assert not admin.has_add_permission(request)
    assert not admin.has_change_permission(request)
    assert not admin.has_delete_permission(request)


def test_the_lists_and_rows_open(
    root: User, price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]
) -> None:
    price()
    cdr = rating.rate(session_id=ended().pk)
    assert cdr is not None
    settling.settle(cdr_id=cdr.pk)
    request = RequestFactory().get("/admin/")
    request.user = root
    for model, row in ((Tariff, Tariff.objects.get()), (CDR, cdr), (Payment, Payment.objects.get())):
        admin = site.get_model_admin(model)
        assert admin.changelist_view(request).render().status_code == 200
        assert admin.change_view(request, str(row.pk)).render().status_code == 200  # type: ignore[attr-defined]
