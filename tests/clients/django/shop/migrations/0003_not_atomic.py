"""An index outside a transaction."""
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0002_index")]
    operations = [migrations.RunSQL("CREATE INDEX item_b ON item (b)", "DROP INDEX item_b")]
