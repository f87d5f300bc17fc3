"""/ops/tariffs/ …: the operator's pages about money."""

from django.urls import path

from billing.views import tariffs

urlpatterns = [
    path("ops/tariffs/", tariffs.page, name="tariffs"),
    path("ops/tariffs/new/", tariffs.create, name="create_tariff"),
    path("ops/tariffs/<int:pk>/", tariffs.detail, name="tariff"),
    path("ops/tariffs/<int:pk>/change/", tariffs.change, name="change_tariff"),
    path("ops/tariffs/<int:pk>/assign/", tariffs.assign, name="assign_tariff"),
    path("ops/tariffs/<int:pk>/archive/", tariffs.archive, name="archive_tariff"),
]
