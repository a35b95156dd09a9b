from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "jikim_desk.notices.channels"
    label = "channels"
    default_auto_field = "django.db.models.BigAutoField"
