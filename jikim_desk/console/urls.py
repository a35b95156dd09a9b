"""Every address of the desk."""

from django.urls import include, path

from jikim_desk.console import home

handler400 = "jikim_desk.console.trouble.bad_request"
handler403 = "jikim_desk.console.trouble.forbidden"
handler404 = "jikim_desk.console.trouble.not_found"
handler500 = "jikim_desk.console.trouble.failed"

urlpatterns = [
    path("", home.page, name="home"),
    path("accounts/", include("allauth.urls")),
]
