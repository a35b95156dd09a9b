"""Makes a desk with one reviewer and harmless items in `$JIKIM_HOME`, and prints what a test needs to go there as JSON.

python -m tests.browser.review_world AGENT
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")

import django

django.setup()

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from jikim_desk.accounts.models import Grant, Role, Team, User  # noqa: E402
from jikim_desk.accounts.sessions import AGENT  # noqa: E402
from jikim_desk.cases.models import Case  # noqa: E402
from jikim_desk.records.models import CandidateState  # noqa: E402
from jikim_desk.sealing import reference  # noqa: E402
from tests.desk.items import capture, item, reason  # noqa: E402

REASONS = [
    reason(
        "reason.known_copy",
        "대조목록의 영상물과 일치: 시험 자료 (좌우 반전)",
        "Copy of known material: test (mirrored)",
        6.8,
        2.0,
    ),
    reason("reason.youth_language", "청소년의 말: 학년 - 한빛중 2학년", "Youth language: year - 한빛중 2학년", 3.1, 4.0),
    reason("reason.object", "화면 속 물건: 책가방", "Object in the picture: backpack", 0.8, 6.0),
]
CUES = [
    {"analyzer": "objects", "name": "object", "at_s": at, "region": None, "confidence": 0.9 - at / 100, "value": {}}
    for at in (2.0, 4.0, 6.0)
]


def film(colours: str = "yuv420p") -> bytes:
    """Eight seconds of a test pattern."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        pattern = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=8", "-pix_fmt", colours]
        subprocess.run(["ffmpeg", "-v", "error", *pattern, str(path)], check=True)
        return path.read_bytes()


def make(agent: str) -> dict[str, object]:
    """Everything from nothing."""
    call_command("migrate", verbosity=0)
    team = Team.objects.create(name="삭제지원팀")
    person = User.objects.create_user("bora", password="correct horse battery")
    TOTP.activate(person, generate_totp_secret())
    Grant.objects.create(user=person, role=Role.REVIEWER, team=team)
    Case.objects.create(number="2026-0412", team=team)
    known_film = film("yuv444p")
    known = {"bank": "ours", "item": sha256(known_film).hexdigest(), "relation": "copy", "coverage_query": 0.5}
    known |= {"start_s": 2.0, "end_s": 6.0, "item_start_s": 1.0, "segments": [[2.0, 6.0, 1.0, 5.0]]}
    copied = {"analyzer": "known_copy", "name": "known_copy", "at_s": 2.0, "region": None, "confidence": 0.9, "value": known}
    capture(item(team, "known", state=CandidateState.DECIDED), known_film, content_type="video/mp4")
    first = item(
        team,
        "first",
        title="한빛중학교 축제 영상 \u202etxt.exe",
        text="이름: 김하늘\n<script>document.title = 'x'</script>",
        level="urgent",
        score=0.9,
        same_as="a" * 64,
        reasons=REASONS,
        cues=[*CUES, copied],
        kind="video",
        duration_s=8.0,
    )
    capture(first, film(), content_type="video/mp4")
    item(team, "copy", same_as="a" * 64)
    for number in range(8):
        capture(
            item(
                team, f"more{number}", kind="image", score=0.8 - number / 100, found_at=timezone.now() - timedelta(hours=number)
            )
        )
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[AGENT] = reference("session agent", agent)
    session.save()
    return {"session": client.cookies["sessionid"].value, "first": first.pk}


if __name__ == "__main__":
    print(json.dumps(make(sys.argv[1])))
