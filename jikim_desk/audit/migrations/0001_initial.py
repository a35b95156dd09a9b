"""The table of the chain, and the triggers that refuse every change to it, for SQLite and PostgreSQL."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

COLUMNS = """
    at varchar(27) NOT NULL, action varchar(20) NOT NULL, actor varchar(64) NOT NULL, subject varchar(120) NOT NULL,
    facts text NOT NULL, previous varchar(64) NOT NULL UNIQUE, hash varchar(64) NOT NULL, seal varchar(64) NOT NULL
"""
INDEXES = (
    "CREATE INDEX audit_entry_by_subject ON audit_entry (subject, number)",
    "CREATE INDEX audit_entry_by_actor ON audit_entry (actor, number)",
    "CREATE INDEX audit_entry_by_action ON audit_entry (action, number)",
)
SQLITE = (
    f"CREATE TABLE audit_entry (number integer NOT NULL PRIMARY KEY CHECK (number > 0), {COLUMNS})",
    """CREATE TRIGGER audit_entry_update BEFORE UPDATE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit chain only grows'); END""",
    """CREATE TRIGGER audit_entry_delete BEFORE DELETE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit chain only grows'); END""",
    # INSERT OR REPLACE removes rows without asking the trigger above
    """CREATE TRIGGER audit_entry_insert BEFORE INSERT ON audit_entry
       WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit_entry)
       BEGIN SELECT RAISE(ABORT, 'the audit chain only grows at its end'); END""",
)
POSTGRESQL = (
    f"CREATE TABLE audit_entry (number bigint NOT NULL PRIMARY KEY CHECK (number > 0), {COLUMNS})",
    """CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the audit chain only grows' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE FUNCTION audit_entry_at_end() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit_entry) THEN
           RAISE EXCEPTION 'the audit chain only grows at its end' USING ERRCODE = 'integrity_constraint_violation';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER audit_entry_update BEFORE UPDATE ON audit_entry
       FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()""",
    """CREATE TRIGGER audit_entry_delete BEFORE DELETE ON audit_entry
       FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()""",
    """CREATE TRIGGER audit_entry_truncate BEFORE TRUNCATE ON audit_entry
       FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()""",
    """CREATE TRIGGER audit_entry_insert BEFORE INSERT ON audit_entry
       FOR EACH ROW EXECUTE FUNCTION audit_entry_at_end()""",
)
STATEMENTS = {"sqlite": SQLITE + INDEXES, "postgresql": POSTGRESQL + INDEXES}


def make_table(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in STATEMENTS[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunPython(make_table),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.CharField(max_length=27)),
                ("action", models.CharField(max_length=20)),
                ("actor", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=120)),
                ("facts", models.TextField()),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("seal", models.CharField(max_length=64)),
            ],
            options={"db_table": "audit_entry", "ordering": ("number",), "managed": False},
        ),
    ]
