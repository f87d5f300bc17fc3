"""The whole site map on one screen."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from cms import health, metrics, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("offline/", pages.offline, name="offline"),
    path("sw.js", pages.service_worker, name="service_worker"),
    path("health/", health.health, name="health"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/", include("cms.api.urls")),
    path("host/", include("cms.host.urls")),
    path("ops/reports/", include("cms.reports.urls")),
    path("", include("stations.urls")),  # before the dashboard: ops/stations/new/ is no station
    path("ops/", include("cms.dashboard.urls")),
    path("", include("accounts.urls")),
    path("", include("billing.urls")),
    path("", include("cms.portal.urls")),
]
if settings.ADMIN_ENABLED:
    urlpatterns.append(path("admin/", admin.site.urls))
if settings.DEMO:
    urlpatterns += [path("demo/", include("cms.demo.urls"))]
