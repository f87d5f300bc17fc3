"""Everything under /api/. Nothing here ever answers with a page, the documentation apart."""

from django.urls import include, path, re_path

from . import errors, router, schema

urlpatterns = [
    path("v1/schema/", schema.description, name="api-schema"),
    path("v1/", include(router.assembled().urls)),
    path("docs/", schema.page, name="api-docs"),
    re_path("", errors.unknown_path),
]
