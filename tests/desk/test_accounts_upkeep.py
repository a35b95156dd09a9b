"""What is done now and then without anybody asking."""

from __future__ import annotations

import os
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from jikim.vault import Vault, recovery
from jikim_desk.accounts import upkeep


def test_keys_are_backed_up_without_what_was_destroyed(db, tmp_path):
    code = recovery.new_code()
    with Vault.open(tmp_path) as vault:
        recovery.adopt(tmp_path, code)
        with vault.sealing("case:1") as sealing:
            sealing.write(b"harmless")
        upkeep.keep(tmp_path)
        before = (tmp_path / recovery.BACKUP).stat().st_size
        vault.destroy_holder("case:1")
    upkeep.keep(tmp_path)
    assert (tmp_path / recovery.BACKUP).stat().st_size < before


def test_without_a_code_and_with_a_full_place_it_goes_on(db, tmp_path, caplog):
    upkeep.keep(tmp_path)
    assert not (tmp_path / recovery.BACKUP).exists()
    Vault.open(tmp_path).close()
    recovery.adopt(tmp_path, recovery.new_code())
    (tmp_path / "keys" / "recovery.pub").write_text("damaged")
    upkeep.keep(tmp_path)
    assert "recovery.pub" in caplog.text


def test_sessions_that_are_over_are_forgotten(db, tmp_path):
    for days in (-1, 1):
        Session.objects.create(
            session_key=os.urandom(8).hex(), session_data="", expire_date=timezone.now() + timedelta(days=days)
        )
    upkeep.keep(tmp_path)
    assert Session.objects.count() == 1
