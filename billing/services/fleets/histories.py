"""What happened to a company, kept beside it."""

import json
from typing import Any

from django.utils import timezone

from accounts.models import ApiKey, Company, Driver, User
from billing.models import CompanyEvent


def note(
    company: Company, kind: str, *, by: User | ApiKey | None = None, driver: Driver | None = None, **facts: Any
) -> CompanyEvent:
    """In the transaction of what happened. `facts` are JSON values; Decimals become text."""
    return CompanyEvent.objects.create(
        company=company,
        at=timezone.now(),
        kind=kind,
        driver=driver,
        facts=json.dumps(facts, ensure_ascii=False, default=str),
        by=by if isinstance(by, User) else None,
    )


def read(event: CompanyEvent) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(event.facts)
    return facts
