"""Files put into the one box, held against the banks: words alone, no picture, and nothing kept."""

import io
import os
from importlib.resources import files

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.console import uploads
from jikim_desk.review import known_files
from tests.desk.items import picture

CARD = files("jikim").joinpath("practice", "fixtures", "test_card.png").read_bytes()


def mirrored(content):
    with Image.open(io.BytesIO(content)) as card:
        turned = io.BytesIO()
        card.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(turned, "JPEG", quality=70)
    return turned.getvalue()


def send(browser, *contents, where="recognise"):
    sent = [SimpleUploadedFile(f"{number}.bin", content) for number, content in enumerate(contents)]
    return browser.post(reverse(where), {"files": sent}).content.decode()


def memories():
    """Descriptors of this process that are memory of an upload."""
    own = "/proc/self/fd"
    links = [os.readlink(f"{own}/{fd}") for fd in os.listdir(own) if os.path.exists(f"{own}/{fd}")]
    return [link for link in links if "jikim-upload" in link]


def test_an_edited_copy_is_told_with_its_bank_its_edit_and_no_picture(signed_in):
    page = send(signed_in(Role.REVIEWER), mirrored(CARD))
    assert words.say("review.files.bank", "ko", bank="test", item="e2553c30") in page
    assert words.say("review.relation.copy", "ko") in page
    assert "좌우 뒤집음" in page
    assert not any(tag in page.split("</header>")[1] for tag in ("<img", "<svg", "<canvas", "<video"))
    assert '"what":"files"' in Entry.objects.get(action="search").facts


def test_what_no_bank_knows_and_what_is_no_media_are_said_apart(signed_in):
    page = send(signed_in(Role.REVIEWER), picture(), b"these bytes are no picture at all" * 50, mirrored(CARD))
    assert page.count(words.say("review.files.unknown", "ko")) >= 1
    assert words.say("review.frames.unreadable", "ko") in page
    assert "좌우 뒤집음" in page, "what cannot be opened hides no other"


def test_the_memory_is_given_back_and_nobody_else_takes_any(signed_in, monkeypatch):
    assert memories() == []
    held = []
    monkeypatch.setattr(known_files, "_answer", lambda *_: held.append(len(memories())) or known_files.Answer())
    send(signed_in(Role.REVIEWER), picture(), CARD)
    assert held == [2, 2]
    assert memories() == []
    made = []
    monkeypatch.setattr(uploads, "_memory", lambda: made.append(1))
    send(Client(), CARD)
    send(signed_in(Role.REVIEWER), CARD, where="start")
    assert made == []


def test_more_than_fits_into_memory_is_hashed_and_said(signed_in, monkeypatch):
    monkeypatch.setattr(uploads, "HELD_MAX", len(CARD) + 100)
    page = send(signed_in(Role.REVIEWER), CARD, picture(640, 360))
    assert words.say("review.files.bank", "ko", bank="test", item="e2553c30") in page
    assert page.count(words.say("review.files.too_large", "ko")) == 1


def test_the_rest_is_said_to_be_left_when_time_is_up(signed_in, monkeypatch):
    monkeypatch.setattr(known_files, "LOOKING_S", -1.0)
    assert words.say("review.files.no_time", "ko") in send(signed_in(Role.REVIEWER), CARD)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_other_roles_compare_nothing(signed_in, role):
    assert signed_in(role).post(reverse("recognise"), {"files": SimpleUploadedFile("a", CARD)}).status_code == 403


def test_files_of_others_hold_up_no_other_page(signed_in):
    browser = signed_in(Role.REVIEWER)
    with known_files._LOOKING, known_files._LOOKING:
        page = send(browser, picture())
        assert words.say("review.files.busy", "ko") in page
        assert not Entry.objects.filter(action="search").exists()
        assert browser.get(reverse("home")).status_code == 200
    assert words.say("review.files.unknown", "ko") in send(browser, picture())
