from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "jikim_desk.notices.inbox"
    label = "inbox"
    default_auto_field = "django.db.models.BigAutoField"
