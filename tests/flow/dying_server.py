"""A server of the catalogue in a process of its own, for tests that pull its plug: it answers so many requests as its place
does, says with a line that it was asked for more, and never answers that.

    python -m tests.flow.dying_server NAME ANSWERED
"""

from __future__ import annotations

import sys
from itertools import count
from threading import Event

from tests.flow.catalogue import CATALOGUE
from tests.flow.interfaces import Place, Reply, Sent

POSTS = 3
"""How many pages of posts there are."""


def numbers_of(name: str) -> list[int]:
    """The posts of the place, newest first."""
    return list(range(POSTS * (CATALOGUE[name].page_size or 4), 0, -1))


def main(name: str, answered: int) -> None:
    asked = count()

    def answer(path: str, sent: Sent) -> Reply:
        if next(asked) >= answered:
            print("asked", flush=True)
            Event().wait()
        return CATALOGUE[name].interface(path, sent, numbers_of(name))

    print(Place(answer).url, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
