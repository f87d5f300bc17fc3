import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BY = {
    "blank": True,
    "null": True,
    "on_delete": django.db.models.deletion.SET_NULL,
    "related_name": "+",
    "to": settings.AUTH_USER_MODEL,
}


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0012_asked_prices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("tariffassignment", "by", models.ForeignKey(**BY)),
        migrations.AddField("tariffversion", "by", models.ForeignKey(**BY)),
        migrations.AddField("tariffversion", "cancelled_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("tariffversion", "cancelled_by", models.ForeignKey(**BY)),
    ]
