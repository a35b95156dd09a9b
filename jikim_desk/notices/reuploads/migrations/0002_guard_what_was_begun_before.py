from typing import Any

from django.db import migrations

FILES_MAX = 8


def guard(apps: Any, schema_editor: Any) -> None:
    """Removals that were begun by an older version are watched for as new ones are."""
    Guard, GuardedFile = apps.get_model("reuploads", "Guard"), apps.get_model("reuploads", "GuardedFile")
    for removal in apps.get_model("notices", "Removal").objects.filter(guard=None).only("pk").iterator(chunk_size=500):
        made = Guard.objects.create(removal_id=removal.pk)
        captures = apps.get_model("records", "Capture").objects.filter(candidate_id=removal.pk).exclude(blob="")
        kept = list(captures.exclude(part="page").order_by("part", "pk"))
        files = {one.sha256: one for one in [one for one in kept if one.part == "media"] or kept}
        GuardedFile.objects.bulk_create(
            GuardedFile(guard=made, sha256=digest, capture=capture, is_only=len(files) == 1)
            for digest, capture in list(files.items())[:FILES_MAX]
        )


class Migration(migrations.Migration):

    dependencies = [("reuploads", "0001_initial")]

    operations = [migrations.RunPython(guard, migrations.RunPython.noop)]
