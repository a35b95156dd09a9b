from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('figures', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='proposal',
            name='figures',
            field=models.JSONField(default=dict),
        ),
    ]
