"""People's own pages: sign-in, settings of an operator, a driver's profile."""

from django.urls import path

from accounts.views import switch

urlpatterns = [
    path("ops/switch/", switch.operator, name="switch_operator"),
]
