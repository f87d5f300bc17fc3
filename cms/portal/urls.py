"""The driver's site map."""

from django.urls import path

from cms.portal.views import cards, charge, find, history, invoices, landing, pages, receipt, site, verify

app_name = "portal"
urlpatterns = [
    path("", find.page, name="find"),
    path("l/<slug:where>/", site.page, name="site"),
    path("c/", landing.typed, name="typed"),
    path("c/<str:code>/", landing.page, name="evse"),
    path("c/<str:code>/start/", landing.start, name="start"),
    path("s/<slug:token>/", charge.by_token, name="live"),
    path("s/<slug:token>/stop/", charge.stop_by_token, name="stop"),
    path("s/<slug:token>/done/", receipt.by_token, name="done"),
    path("history/", history.page, name="history"),
    path("history/export.csv", history.export, name="export"),
    path("history/<int:pk>/", charge.by_session, name="charge"),
    path("history/<int:pk>/stop/", charge.stop_by_session, name="charge-stop"),
    path("history/<int:pk>/receipt.pdf", receipt.pdf, name="receipt"),
    path("history/<int:pk>/invoice/", receipt.invoice, name="request-invoice"),
    path("invoices/", invoices.page, name="invoices"),
    path("invoices/<int:pk>.pdf", invoices.pdf, name="invoice"),
    path("cards/", cards.page, name="cards"),
    path("cards/<int:pk>/block/", cards.block, name="block-card"),
    path("cards/<int:pk>/undo/", cards.undo, name="unblock-card"),
    path("verify/<slug:token>/", verify.page, name="verify"),
    path("verify/<slug:token>/records.xml", verify.record, name="verify-records"),
    path("verify/<slug:token>/<int:number>.xml", verify.record, name="verify-record"),
    path("bar/", charge.bar, name="bar"),
    path("help/", pages.help_page, name="help"),
    path("privacy/", pages.privacy, name="privacy"),
]
