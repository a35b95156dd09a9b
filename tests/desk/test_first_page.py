"""The desk answers at all: to whoever may, in both languages, and to nobody else."""

import pytest

from jikim_desk.accounts.models import Role


def test_who_is_not_signed_in_is_sent_to_sign_in(client, db):
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("lang", "word"), [("ko", "오늘 할 일"), ("en", "Today")])
def test_home_speaks_both_languages(signed_in, lang, word):
    answer = signed_in(Role.REVIEWER).get("/", headers={"accept-language": lang})
    assert answer.status_code == 200
    assert word in answer.content.decode()
    assert f'<html lang="{lang}">' in answer.content.decode()


def test_somebody_without_a_role_sees_nothing(signed_in):
    assert signed_in().get("/").status_code == 403
