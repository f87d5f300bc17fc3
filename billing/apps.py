from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("billing")

    def ready(self) -> None:
        from billing import receivers
        from billing.exports import charges, documents, kinds

        receivers.connect()
        kinds.register(charges.KIND, documents.KIND)
