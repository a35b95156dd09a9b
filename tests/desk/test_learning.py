"""Decisions teach weights that wait for a lead: on the page and by the command, and nothing switches itself on."""

import json
import os
import subprocess
import sys
from datetime import date

import pytest
import typer
from django.urls import reverse
from typer.testing import CliRunner

from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.figures import commands, learning, proposing
from jikim_desk.figures.models import Example, Proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def examples():
    """Makes decided examples in which words tell, and toys mislead."""

    def make(count):
        labels = ("confirmed", "not_relevant", "adult")
        for number in range(count):
            label = labels[number % 3]
            is_sought = label == "confirmed"
            cues = [
                {
                    "name": "sensitive",
                    "confidence": 0.8,
                    "value": {"score": 0.55 + 0.1 * (number % 4) - 0.3 * (label == "not_relevant")},
                },
                {"name": "youth_language", "confidence": 0.8, "value": {"score": 0.85 if is_sought else 0.35}},
            ]
            if not is_sought:
                cues.append({"name": "object", "confidence": 0.9, "value": {"label": "teddy bear"}})
            Example.objects.create(
                candidate_ref=f"ref{number}",
                applied=number + 1,
                label=label,
                cues=cues,
                media=[],
                score=0.3,
                level="look",
                day=date(2026, 11, 1),
            )

    return make


def test_a_lead_learns_from_decisions_and_nothing_is_switched_on(signed_in, examples):
    examples(60)
    lead, reviewer = signed_in(Role.LEAD), signed_in(Role.REVIEWER)
    assert reviewer.post(reverse("learning_propose")).status_code == 403
    page = lead.post(reverse("learning_propose"), follow=True).content.decode()
    (proposal,) = Proposal.objects.all()
    assert proposal.switched_on_at is None
    assert learning.is_shipped(learning.in_use())
    assert proposal.figures["taught_on"] == 60
    assert set(proposal.figures) >= {"champion", "challenger", "is_better", "sureness"}
    assert "95" in page
    assert proposal.pk[:16] in page
    assert Entry.objects.filter(action="setting").count() == 1


def test_learning_twice_from_the_same_decisions_is_one_proposal(examples):
    examples(60)
    first, _ = proposing.propose(None)
    second, _ = proposing.propose(None)
    assert first.pk == second.pk
    assert Proposal.objects.count() == 1


def test_too_few_decisions_are_said_and_leave_nothing(signed_in, examples):
    examples(20)
    page = signed_in(Role.LEAD).post(reverse("learning_propose"), follow=True).content.decode()
    assert "20" in page
    assert not Proposal.objects.exists()


def test_the_command_prints_both_and_the_same_as_json(examples):
    examples(60)
    app = typer.Typer()
    app.callback()(lambda: None)
    commands.register(app)
    said = CliRunner().invoke(app, ["learn"])
    assert said.exit_code == 0, said.output
    assert "로그 손실" in said.output
    found = json.loads(CliRunner().invoke(app, ["learn", "--json"]).output)
    assert found["taught_on"] == 60
    assert found["proposal"] == Proposal.objects.get().pk


def test_without_a_database_the_command_says_one_line(tmp_path):
    home = {**os.environ, "JIKIM_HOME": str(tmp_path / "home"), "JIKIM_LANG": "en"}
    done = subprocess.run([sys.executable, "-m", "jikim", "learn"], env=home, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("jikim: ")
    assert "Traceback" not in done.stderr
