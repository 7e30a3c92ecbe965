"""A column and an index on a table that is in use, in Django's transaction."""
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunSQL("ALTER TABLE item ADD COLUMN c int",
                                    "ALTER TABLE item DROP COLUMN c"),
                  migrations.RunSQL("CREATE INDEX item_a ON item (a)", "DROP INDEX item_a")]
