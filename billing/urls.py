"""/ops/tariffs/ …: the operator's pages about money."""

from django.urls import path

from billing.views import assurance, exports, holds, invoices, policy, tariffs

urlpatterns = [
    path("ops/invoices/", invoices.page, name="operator_invoices"),
    path("ops/invoices/<int:pk>/", invoices.detail, name="operator_invoice"),
    path("ops/invoices/<int:pk>/pdf/", invoices.document, name="operator_invoice_pdf"),
    path("ops/invoices/<int:pk>/credit/", invoices.credit, name="credit_invoice"),
    path("ops/cdrs/", invoices.waiting, name="waiting_cdrs"),
    path("ops/cdrs/<int:pk>/release/", holds.release, name="release_cdr"),
    path("ops/cdrs/issue/", invoices.issue, name="issue_invoice"),
    path("ops/billing/assurance/", assurance.page, name="assurance"),
    path("ops/billing/assurance/export/", assurance.export, name="export_assurance"),
    path("ops/billing/assurance/resolve/", assurance.resolve, name="resolve_assurance"),
    path("ops/billing/exports/", exports.page, name="exports"),
    path("ops/billing/exports/start/", exports.start, name="start_export"),
    path("ops/billing/exports/<int:pk>/file/", exports.file, name="export_file"),
    path("ops/billing/exports/<int:pk>/cancel/", exports.cancel, name="cancel_export"),
    path("ops/billing/exports/<int:pk>/retry/", exports.retry, name="retry_export"),
    path("ops/jobs/", exports.jobs, name="jobs"),
    path("ops/settings/billing/", policy.page, name="billing_policy"),
    path("ops/tariffs/", tariffs.page, name="tariffs"),
    path("ops/tariffs/new/", tariffs.create, name="create_tariff"),
    path("ops/tariffs/<int:pk>/", tariffs.detail, name="tariff"),
    path("ops/tariffs/<int:pk>/change/", tariffs.change, name="change_tariff"),
    path("ops/tariffs/<int:pk>/assign/", tariffs.assign, name="assign_tariff"),
    path("ops/tariffs/<int:pk>/archive/", tariffs.archive, name="archive_tariff"),
]
