"""Recipes of a centre's own, under `$JIKIM_HOME/recipes`: guessed, tried, kept, and switched on or off."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from jikim.commands import places
from jikim.commands.listing import say_tried
from jikim.commands.trying import Tried, tried
from jikim.config import Config
from jikim.errors import BadUse
from jikim.sources.guessing import guessed, written
from jikim.sources.keywords import keyword as read_keyword
from jikim.sources.recipes import read_recipe, switched
from jikim.terminal import say


def guess(config: Config, url: str, text: str, keep_as: str | None) -> int:
    """Prints a recipe guessed from the pages of a site; with a name to keep it as, it is tried, and kept where it answers."""
    if keep_as is not None:
        places.recipe_file(config, keep_as)
    with places.opened_address(config, url) as place:
        recipe = written(guessed(url, read_keyword(text, None), place.fetcher))
    sys.stdout.write(recipe)
    if keep_as is None:
        return 0
    answer = tried_text(config, recipe, text)
    say_tried(config, answer)
    if not answer.is_well:
        return 1
    keep(config, keep_as, recipe)
    sys.stdout.write(say(config.lang, "reciping.kept", name=keep_as) + "\n")
    return 0


def turn(config: Config, name: str, *, is_on: bool) -> int:
    """Switches a recipe on or off and says so."""
    switch(config, name, is_on=is_on)
    sys.stdout.write(say(config.lang, "reciping.on" if is_on else "reciping.off", name=name) + "\n")
    return 0


def tried_text(config: Config, text: str, keyword: str, *, shown_as: str = "-") -> Tried:
    """How a site answers to a recipe that is not kept yet. Raises BadUse, naming it as `shown_as`, for one that cannot work."""
    with TemporaryDirectory(dir=config.home) as folder:
        file = Path(folder, "recipe.toml")
        file.write_text(text, "utf-8")
        try:
            read_recipe(file)
        except BadUse as error:
            error.params["where"] = shown_as
            raise
        return tried(config, f"recipe={file}", keyword)


def keep(config: Config, name: str, text: str) -> None:
    """Writes a recipe for its name, whole or not at all, for this user's eyes alone. Raises BadUse for what is no name."""
    file = places.recipe_file(config, name)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as writing:
        writing.write(text.replace("\r\n", "\n").rstrip("\n") + "\n")
    unfinished.replace(file)


def switch(config: Config, name: str, *, is_on: bool) -> None:
    """Has a kept recipe's site searched whenever no places are named, or not. Raises BadUse where there is no such recipe, or
    one that is no text."""
    file = places.recipe_file(config, name)
    if not file.exists():
        raise BadUse("reciping.none", name=name)
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadUse("sources.recipe_wrong", where=str(file), problem=str(error)) from error
    keep(config, name, switched(text, is_on=is_on))
