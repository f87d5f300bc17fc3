from django.urls import path

from . import views

app_name = "host"
urlpatterns = [
    path("", views.page, name="page"),
    path("<int:pk>/", views.site, name="site"),
    path("<int:pk>/report/", views.report, name="report"),
    path("<int:pk>/guests/", views.guests, name="guests"),
    path("<int:pk>/guests/<int:guest>/remove/", views.remove_guest, name="remove_guest"),
    path("statements/<int:pk>/", views.statement_pdf, name="statement"),
]
