"""A table with an index of its own, in Django's transaction."""
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel("Account", [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=50, db_index=True))])]
