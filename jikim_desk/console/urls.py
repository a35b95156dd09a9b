"""Every address of the desk."""

from django.urls import include, path

from jikim_desk.console import home

urlpatterns = [
    path("", home.page, name="home"),
    path("accounts/", include("allauth.urls")),
]
