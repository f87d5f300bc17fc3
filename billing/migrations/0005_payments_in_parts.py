"""What had been collected before payments knew parts: all of it or nothing. What was given back gets its row."""

from django.db import migrations, models


def tell_parts(apps, schema_editor):
    Payment = apps.get_model("billing", "Payment")
    Refund = apps.get_model("billing", "Refund")
    Payment.objects.filter(status__in=("captured", "refunded"), captured=0).update(captured=models.F("amount"))
    back = Payment.objects.filter(status="refunded", refunded=0)
    Refund.objects.bulk_create(
        (
            Refund(
                payment_id=pk,
                operator_id=operator,
                amount=amount,
                status="done",
                idempotency_key=f"refund-{key}",
            )
            for pk, operator, amount, key in back.values_list("pk", "operator_id", "amount", "idempotency_key")
        ),
        batch_size=500,
        ignore_conflicts=True,
    )
    back.update(refunded=models.F("amount"))


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_money")]
    operations = [migrations.RunPython(tell_parts, migrations.RunPython.noop)]
