from django.apps import AppConfig


class LookupsConfig(AppConfig):
    name = "jikim_desk.notices.lookups"
    label = "lookups"
    default_auto_field = "django.db.models.BigAutoField"
