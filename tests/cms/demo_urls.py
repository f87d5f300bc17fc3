"""The site map of a demo installation."""

from django.urls import include, path

from cms.urls import urlpatterns as product

urlpatterns = [*product, path("demo/", include("cms.demo.urls"))]
