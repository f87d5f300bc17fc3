"""People's own pages: sign-in, settings of an operator, a driver's profile."""

from django.urls import include, path

from accounts.views import security, switch

urlpatterns = [
    path("accounts/", security.page, name="account_security"),
    path("accounts/", include("allauth.urls")),
    path("ops/switch/", switch.operator, name="switch_operator"),
]
