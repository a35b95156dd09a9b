from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "jikim_desk.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listens to what is told about sign-ins."""
        from jikim_desk.accounts import recording  # noqa: F401 - its receivers
