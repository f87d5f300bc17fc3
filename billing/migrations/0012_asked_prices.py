from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0011_payments_in_parts")]

    operations = [
        migrations.AddField(model_name="sessionprice", name="asked", field=models.BooleanField(default=False)),
    ]
