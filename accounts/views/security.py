"""`/accounts/`: everything about how I sign in, on one page."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from accounts import adapters
from accounts.doors import PersonRequest


@login_required
def page(request: PersonRequest) -> HttpResponse:
    kinds = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    facts = {
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "totp": Authenticator.Type.TOTP in kinds,
        "recovery": Authenticator.Type.RECOVERY_CODES in kinds,
        "sessions": UserSession.objects.filter(user=request.user).count(),
        "unprotected_member": bool(request.user.roles()) and not kinds,
        "home": adapters.home(request),
    }
    return render(request, "accounts/security.html", facts)
