"""kill -9 at every moment of what is done to a bank: what was acknowledged is there, nothing is there by half."""

import json
import random
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from jikim.copies.bank_items import BankSettings, ItemState, NewItem
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.store import bank_names, create_bank, open_bank
from jikim.errors import BadUse
from jikim.types import MediaKind

KEPT, REMOVED, ADDED = range(5), range(5, 8), range(8, 11)

ADDER = """
import importlib.util, sys
from pathlib import Path
from jikim.copies.store import open_bank

spec = importlib.util.spec_from_file_location("crash", sys.argv[1])
crash = importlib.util.module_from_spec(spec)
spec.loader.exec_module(crash)
seed = int(sys.argv[3])
with open_bank(Path(sys.argv[2]), "bank") as bank:
    while True:
        bank.add(crash.new(seed))
        print(seed, flush=True)
        seed += 1
        if seed % 7 == 0:
            bank.save_index()
"""

# Runs one of the scenarios over and over in forked children. A child is killed just before its n-th call into the operating
# system or SQLite, for n = 1, 2, 3, ... until one lives to the end; after each death `check` looks at what is left.
EVERY_MOMENT = """
import importlib.util, json, os, shutil, signal, sqlite3, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("crash", sys.argv[1])
crash = importlib.util.module_from_spec(spec)
spec.loader.exec_module(crash)
name, root = sys.argv[2], Path(sys.argv[3])

def killed_at(moment, run):
    seen = 0
    def watch(frame, event, called):
        nonlocal seen
        if event != "c_call":
            return
        owner = getattr(called, "__self__", None)
        if getattr(called, "__module__", None) in ("posix", "fcntl") or isinstance(owner, sqlite3.Connection) or (
            type(owner).__module__ == "_io" and getattr(called, "__name__", "") in ("write", "flush", "close")
        ):
            seen += 1
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(watch)
    run()
    sys.setprofile(None)

crash.prepare(name, root / "first")
moment = 0
while True:
    moment += 1
    folder = root / str(moment)
    if (root / "first").exists():
        shutil.copytree(root / "first", folder)
    child = os.fork()
    if child == 0:
        try:
            killed_at(moment, lambda: crash.act(name, folder))
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"{name} failed by itself before call {moment}")
    crash.check(name, folder, is_done=status == 0)
    shutil.rmtree(folder, ignore_errors=True)
    if status == 0:
        break
print(json.dumps({"moments": moment}))
"""


def hash_of(seed):
    return np.random.default_rng(seed).integers(0, 256, 32, dtype=np.uint8)


def new(seed):
    picture = PictureFingerprint(
        at_s=0.0,
        width_px=64,
        height_px=64,
        pdq=np.tile(hash_of(seed), (8, 1)),
        quality=100,
        views=np.zeros((0, 32), np.uint8),
    )
    identity = sha256(str(seed).encode()).hexdigest()
    return NewItem(ItemFingerprint(identity, MediaKind.IMAGE, 64, 64, None, (picture,), None), f"item {seed}")


def found(bank):
    """The seeds that are found, each exactly once."""
    seeds = [*KEPT, *REMOVED, *ADDED]
    hits = bank.near(np.stack([hash_of(seed) for seed in seeds]))
    assert len(set(hits.queries.tolist())) == len(hits.queries)
    for query, item in zip(hits.queries.tolist(), hits.items.tolist(), strict=True):
        assert bank.item(item).label == f"item {seeds[query]}"
        assert np.array_equal(bank.fingerprint(item).frames[0].pdq[0], hash_of(seeds[query]))
    return {seeds[query] for query in hits.queries.tolist()}


def prepare(name, folder):
    if name == "create":
        return
    with create_bank(folder, "bank", BankSettings()) as bank:
        bank.add_all(new(seed) for seed in [*KEPT, *REMOVED])
        if name in ("remove", "save"):
            bank.save_index()
        if name == "save":
            bank.add_all(new(seed) for seed in ADDED)
            for number in range(6, 9):
                bank.remove(number)


def act(name, folder):
    if name == "create":
        with create_bank(folder, "bank", BankSettings(note="whole")) as bank:
            bank.add_all(new(seed) for seed in ADDED)
        return
    with open_bank(folder, "bank") as bank:
        if name == "add":
            for seed in ADDED:
                bank.add(new(seed))
        elif name == "remove":
            for number in range(6, 9):
                bank.remove(number)
            bank.set_state(1, ItemState.DISABLED)
        else:
            bank.save_index()


def check(name, folder, *, is_done):
    if name == "create" and not bank_names(folder):
        with pytest.raises(BadUse):
            open_bank(folder, "bank")
        return
    with open_bank(folder, "bank") as bank:
        seen = found(bank)
        if name == "create":
            assert bank.settings.note == "whole"
            assert seen in (set(), set(ADDED))
        elif name == "add":
            assert seen - set(ADDED) == {*KEPT, *REMOVED}
            assert sorted(seen & set(ADDED)) == list(ADDED)[: len(seen & set(ADDED))]
        elif name == "remove":
            assert seen >= set(KEPT) - {0}
            assert not is_done or seen == set(KEPT) - {0}
        else:
            assert seen == {*KEPT, *ADDED}
        bank.add(new(99))
        bank.save_index()
        bank.check()
        assert found(bank) == seen
    with open_bank(folder, "bank") as bank:
        assert found(bank) == seen
    assert not list(folder.rglob("*.part"))


@pytest.mark.parametrize("name", ["create", "add", "remove", "save"])
def test_killed_before_every_single_call(tmp_path, name):
    ran = subprocess.run(
        [sys.executable, "-c", EVERY_MOMENT, __file__, name, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["moments"] > 20


def test_two_writers_killed_thirty_times_lose_nothing_that_was_acknowledged(tmp_path):
    create_bank(tmp_path, "bank", BankSettings()).close()
    chance = random.Random(30)
    acknowledged = set()
    for turn in range(15):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", ADDER, __file__, str(tmp_path), str(1000 * turn + 100_000 * side)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for side in (0, 1)
        ]
        for writer in writers:
            acknowledged |= {int(writer.stdout.readline()) for _ in range(chance.randrange(1, 20))}
        for writer in writers:
            writer.kill()
            rest = writer.communicate()[0].split("\n")
            acknowledged |= {int(line) for line in rest[:-1]}
            assert writer.returncode == -signal.SIGKILL
    with open_bank(Path(tmp_path), "bank") as bank:
        seeds = sorted(acknowledged)
        hits = bank.near(np.stack([hash_of(seed) for seed in seeds]))
        assert hits.queries.tolist() == list(range(len(seeds)))
        assert len(seeds) >= 30
        bank.check()
