"""Every reading updates its session's row: room on the page keeps these updates from touching the indexes (PostgreSQL HOT)."""

from django.db import migrations


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE sessions_app_chargingsession SET (fillfactor = 60)")


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_initial")]
    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
