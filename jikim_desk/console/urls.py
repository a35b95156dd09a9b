"""Every address of the desk."""

from django.urls import path

from jikim_desk.console import home, sign_in

handler400 = "jikim_desk.console.trouble.bad_request"
handler403 = "jikim_desk.console.trouble.forbidden"
handler404 = "jikim_desk.console.trouble.not_found"
handler500 = "jikim_desk.console.trouble.failed"

urlpatterns = [
    path("", home.page, name="home"),
    *sign_in.addresses,
]
