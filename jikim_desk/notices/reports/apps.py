from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "jikim_desk.notices.reports"
    label = "reports"
    default_auto_field = "django.db.models.BigAutoField"
