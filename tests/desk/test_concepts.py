"""A lead teaches a concept from pictures, tries it and forgets it; the pictures are kept nowhere."""

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from jikim.analyzers import concept_store, drawings
from jikim.teaching import concepts_folder
from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.config import jikim_config
from jikim_desk.console import sealed_uploads

pytestmark = pytest.mark.django_db


def sent(pixels: np.ndarray, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes(), "image/png")


def bear(number: int) -> SimpleUploadedFile:
    random = np.random.default_rng(number)
    turn = cv2.getRotationMatrix2D((208, 208), random.uniform(-25, 25), random.uniform(0.6, 1.0))
    ground = tuple(int(shade) for shade in random.integers(60, 240, 3))
    return sent(cv2.warpAffine(drawings.teddy_bear(), turn, (416, 416), borderValue=ground), f"bear{number}.png")


@pytest.fixture(autouse=True)
def nothing_taught():
    yield
    folder = concepts_folder(jikim_config())
    for one in concept_store.concepts(folder):
        concept_store.forget(folder, one.name)


@pytest.fixture
def lead(signed_in):
    return signed_in(Role.LEAD)


def teach(browser, *pictures, name="곰 인형", others=()):
    return browser.post(reverse("concept_teach"), {"name": name, "pictures": pictures, "others": others}, follow=True)


def test_a_concept_is_taught_tried_and_forgotten_and_the_chain_says_so(lead, tmp_path):
    page = teach(lead, *(bear(number) for number in range(6))).content.decode()
    assert "곰 인형" in page
    (concept,) = concept_store.concepts(concepts_folder(jikim_config()))
    assert concept.pictures == 6
    tried = {"concept": "곰 인형", "files": [bear(50), sent(drawings.slope(), "slope.png")]}
    page = lead.post(reverse("concept_test"), tried).content.decode()
    assert "bear50.png" in page
    assert page.index("bear50.png") < page.index("보임") < page.index("보이지 않음")
    assert "<img" not in page
    lead.post(reverse("concept_forget"), {"concept": "곰 인형", "sure": "on"})
    assert concept_store.concepts(concepts_folder(jikim_config())) == []
    assert Entry.objects.filter(action="setting").count() == 2
    assert "곰" not in str(list(Entry.objects.values()))


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (lambda: [bear(1), bear(2)], "2장"),
        (lambda: [*(bear(number) for number in range(5)), sent(drawings.face(), "face.png")], "face.png"),
        (lambda: [SimpleUploadedFile("words.png", b"no picture", "image/png")], "words.png"),
    ],
)
def test_what_teaches_nothing_is_said_and_leaves_nothing(lead, pictures, said):
    answer = teach(lead, *pictures())
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'role="alert"' in page
    assert said in page
    assert concept_store.concepts(concepts_folder(jikim_config())) == []


def test_forgetting_wants_to_be_sure(lead):
    answer = lead.post(reverse("concept_forget"), {"concept": "곰 인형"})
    assert answer.status_code == 400


def test_nobody_but_a_lead(signed_in):
    for role in (Role.REVIEWER, Role.COUNSELLOR, Role.AUDITOR):
        browser = signed_in(role)
        assert browser.get(reverse("concepts")).status_code == 403
        assert teach(browser, bear(1)).status_code == 403


def test_what_others_send_is_not_kept_in_memory(signed_in, client, monkeypatch):
    kept = []
    monkeypatch.setattr(sealed_uploads, "Kept", lambda *args, **named: kept.append(args))
    teach(signed_in(Role.REVIEWER), bear(1))
    client.post(reverse("concept_teach"), {"name": "x", "pictures": [bear(1)]})
    assert kept == []


def test_files_over_the_limit_are_refused_without_being_kept(lead, monkeypatch):
    monkeypatch.setattr(sealed_uploads, "FILE_BYTES_MAX", 1000)
    assert teach(lead, bear(1)).status_code == 400


def test_hostile_names_are_text(lead):
    page = teach(lead, bear(1), name="<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in page


def test_elsewhere_files_are_hashed_and_not_kept(lead):
    page = lead.post(reverse("recognise"), {"files": [bear(1)]}).content.decode()
    assert "bear1.png" in page
