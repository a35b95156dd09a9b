from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "jikim_desk.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
