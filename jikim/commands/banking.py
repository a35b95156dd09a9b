"""`jikim bank`: banks are made, filled, listed, exchanged and cleared."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from jikim.banking import add_files, banks_folder, exportable, import_file
from jikim.config import Config
from jikim.copies.bank_items import BankSettings, ItemFacts, ItemState
from jikim.copies.exchange import Form, write_csv, write_text, write_vpdq
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.store import StoredBank, bank_names, create_bank, delete_bank, open_bank
from jikim.errors import BadUse
from jikim.messages import readable
from jikim.terminal import say


def create(config: Config, name: str, settings: BankSettings) -> int:
    """Makes an empty bank."""
    create_bank(banks_folder(config), name, settings).close()
    _write(say(config.lang, "banking.created", bank=name))
    return 0


def add(
    config: Config,
    name: str,
    paths: Sequence[Path],
    label: Callable[[Path], str],
    source: str,
    note: str,
    *,
    as_json: bool,
) -> int:
    """Adds files; 1 when one of them could not be."""
    status = 0
    with open_bank(banks_folder(config), name) as bank:
        for added in add_files(config, bank, paths, label, source, note):
            shown = readable(str(added.path))
            if as_json:
                digest = added.item.id if added.item else None
                _write_json({"schema": 1, "input": shown, "item": digest, "is_new": added.is_new})
            elif added.item:
                state = "banking.added" if added.is_new else "banking.there_already"
                _write(f"{shown}: {added.item.id[:12]}  {say(config.lang, state)}")
            if added.error:
                _say(f"{shown}: {added.error.message().in_language(config.lang)}")
                status = 1
    return status


def remove(config: Config, name: str, items: Sequence[str], *, whole: bool) -> int:
    """Removes items, or the bank where that was said."""
    if whole == bool(items):
        raise BadUse("banking.items_or_whole")
    if whole:
        delete_bank(banks_folder(config), name)
        _write(say(config.lang, "banking.removed_whole", bank=name))
        return 0
    with open_bank(banks_folder(config), name) as bank:
        for item in _named(bank, items):
            bank.remove(item.number)
            _write(f"{item.id[:12]}  {say(config.lang, 'banking.removed')}")
        bank.save_index()
    return 0


def disable(config: Config, name: str, items: Sequence[str], *, undo: bool) -> int:
    """Leaves items, or without items the bank, out of every answer, or takes them up again."""
    state = ItemState.ACTIVE if undo else ItemState.DISABLED
    with open_bank(banks_folder(config), name) as bank:
        for item in _named(bank, items):
            bank.set_state(item.number, state)
            _write(f"{item.id[:12]}  {say(config.lang, f'banking.state.{state}')}")
        if not items:
            bank.change_settings(msgspec.structs.replace(bank.settings, is_enabled=undo))
            _write(f"{name}  {say(config.lang, f'banking.state.{state}')}")
    return 0


def judge(config: Config, name: str, items: Sequence[str], *, is_right: bool) -> int:
    """Records what a person found of items."""
    state = ItemState.ACTIVE if is_right else ItemState.REJECTED
    with open_bank(banks_folder(config), name) as bank:
        for item in _named(bank, items):
            bank.set_state(item.number, state, is_confirmed=is_right)
            _write(f"{item.id[:12]}  {say(config.lang, 'banking.confirmed' if is_right else 'banking.state.rejected')}")
    return 0


def show(config: Config, *, as_json: bool) -> int:
    """The banks, how many items each has and how it is used."""
    names = bank_names(banks_folder(config))
    for name in names:
        with open_bank(banks_folder(config), name) as bank:
            facts = {"name": name, "items": len(bank), **msgspec.to_builtins(bank.settings)}
        if as_json:
            _write_json({"schema": 1, **facts})
        else:
            use = "allow_list" if facts["is_allow_list"] else "known"
            state = "" if facts["is_enabled"] else f"  {say(config.lang, 'banking.state.disabled')}"
            _write(f"{name:<20} {facts['items']:>9}  {say(config.lang, f'banking.use.{use}')}{state}  {facts['note']}".rstrip())
    if not names and not as_json:
        _write(say(config.lang, "banking.none"))
    return 0


def show_items(config: Config, name: str, *, as_json: bool) -> int:
    """The items of a bank with all that is written of them."""
    with open_bank(banks_folder(config), name) as bank:
        for item in bank.items():
            if as_json:
                _write_json({"schema": 1, "item": item.id, **_shown(item)})
            else:
                words = [item.label, item.source, item.note]
                states = [f"banking.state.{item.state}"]
                if item.is_third_party:
                    states.append("banking.third_party_confirmed" if item.is_confirmed else "banking.third_party")
                said = ", ".join(say(config.lang, key) for key in states)
                kind = say(config.lang, f"banking.kind.{item.kind}")
                _write("  ".join([item.id[:12], kind, said, *map(readable, words)]).rstrip())
    return 0


def bring_in(config: Config, name: str, path: Path, source: str, label: str, form: str | None) -> int:
    """Takes in an exchange file; 1 when lines of it were skipped."""
    with open_bank(banks_folder(config), name) as bank:
        imported = import_file(bank, path, source or path.name, label, _form(form))
    skipped = imported.skipped
    for line in skipped.first:
        _say(line.message().in_language(config.lang))
    if more := skipped.counts.total() - len(skipped.first):
        _say(say(config.lang, "banking.more_lines", count=more))
    _write(say(config.lang, "banking.imported", added=imported.added, known=imported.known, skipped=skipped.counts.total()))
    return int(skipped.counts.total() > 0)


def take_out(config: Config, name: str, path: Path, form: str | None) -> int:
    """Writes an exchange file; what came from third parties is left out and counted."""
    chosen = _form(form) or (Form.CSV if path.suffix.lower() == ".csv" else Form.TEXT)
    with open_bank(banks_folder(config), name) as bank:
        try:
            count = _write_out(bank, path, chosen)
        except OSError as error:
            raise BadUse("banking.cannot_write", where=str(path), problem=error.strerror or str(error)) from error
        left = sum(item.is_third_party for item in bank.items())
    _write(say(config.lang, "banking.exported", count=count, left=left))
    return 0


def _write_out(bank: StoredBank, path: Path, form: Form) -> int:
    """How many items were written."""
    count = 0

    def counted() -> Iterator[ItemFingerprint]:
        nonlocal count
        for item in exportable(bank):
            count += 1
            yield item

    if form is Form.VPDQ:
        path.mkdir(parents=True, exist_ok=True)
        for item in counted():
            _write_file(path / f"{item.sha256}.txt", write_vpdq(item))
    else:
        _write_file(path, write_csv(counted()) if form is Form.CSV else write_text(counted()))
    return count


def _write_file(path: Path, lines: Iterable[str]) -> None:
    """Writes a file whole or not at all, for our user alone."""
    unfinished = path.with_name(f"{path.name}.part")
    with open(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)
    unfinished.replace(path)


def _form(name: str | None) -> Form | None:
    if name is not None and name not in set(Form):
        raise BadUse("banking.bad_form", form=name, known=", ".join(Form))
    return Form(name) if name is not None else None


def _named(bank: StoredBank, items: Iterable[str]) -> list[ItemFacts]:
    """The items meant, before anything is done to one of them."""
    return [bank.item_by_id(item) for item in items]


def _shown(item: ItemFacts) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "label": item.label,
        "source": item.source,
        "note": item.note,
        "state": item.state,
        "is_third_party": item.is_third_party,
        "is_confirmed": item.is_confirmed,
        "added_at": item.added_at.isoformat(),
    }


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


def _write_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"jikim: {line}\n")
