from django.apps import AppConfig


class ReuploadsConfig(AppConfig):
    name = "jikim_desk.notices.reuploads"
    label = "reuploads"
    default_auto_field = "django.db.models.BigAutoField"
