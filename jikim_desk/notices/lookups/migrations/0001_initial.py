import django.db.models.deletion
import jikim_desk.records.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('notices', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Bootstrap',
            fields=[
                ('kind', models.CharField(max_length=4, primary_key=True, serialize=False)),
                ('fetched_at', models.DateTimeField()),
                ('body', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='Lookup',
            fields=[
                ('id', models.CharField(default=jikim_desk.records.models.random_id, max_length=32, primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done')], default='waiting', max_length=8)),
                ('next_try_at', models.DateTimeField(db_index=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('answers_sealed', models.BinaryField(default=bytes)),
                ('done_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lookups', to='notices.host')),
            ],
            options={
                'indexes': [models.Index(fields=['host', '-asked_at'], name='lookups_of')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('host',), name='one_lookup_waits')],
            },
        ),
    ]
