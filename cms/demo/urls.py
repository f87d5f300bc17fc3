"""The demo's own pages; `cms.urls` knows them only where `settings.DEMO` is on."""

from django.urls import path

from . import views

app_name = "demo"
urlpatterns = [
    path("mail/", views.mails, name="mails"),
    path("mail/<str:key>/", views.mail, name="mail"),
    path("mail/<str:key>/html/", views.mail_html, name="mail_html"),
    path("mail/<str:key>/files/<int:number>/", views.attachment, name="attachment"),
]
