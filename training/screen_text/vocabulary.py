"""Korean words and how often each stands: counted in film reviews, and once more for each word of a dictionary.

    python training/screen_text/vocabulary.py REVIEWS DICTIONARY words.tsv

REVIEWS is the folder `raw` of github.com/e9t/nsmc (712,404 reviews, CC0), DICTIONARY the folder `mecab_ko_dic/dictionary` of
the package python-mecab-ko-dic 2.1.1.post2 (Apache-2.0, Yongwoon Lee and Yungho Yu). Names of people and places are left out of
the dictionary. What comes of it is a list of words; no sentence of anyone is kept.
"""

from __future__ import annotations

import argparse
import json
import re
import struct
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from random import Random

COUNTED_FROM = 2
"""A run of syllables that stands in the reviews once is as likely a slip as a word."""
LONGEST = 12
OPEN_CLASSES = ("NN", "NP", "NR", "VV", "VA", "VC", "MM", "MA", "IC")
NAMES = "NNP"
HEADER = struct.Struct("<10I32x")
"""Of MeCab's sys.dic: the seventh to ninth numbers are the bytes of its trie, its tokens and its features."""
TOKEN = struct.Struct("<4H2I")
"""Left and right class, part of speech, cost; where its features begin; unused."""


class Vocabulary:
    """Words to draw lines with; the frequent ones come up more often, but far less so than they are written."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._words = list(counts)
        self._sums = list(accumulate(count**0.5 for count in counts.values()))

    def choose(self, rng: Random) -> str:
        return rng.choices(self._words, cum_weights=self._sums)[0]


def read(path: Path) -> dict[str, int]:
    """The words of a file that this script wrote, with their counts."""
    pairs = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return {word: int(count) for word, count in pairs}


def of_reviews(folder: Path) -> Counter[str]:
    """Runs of syllables in the reviews."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.json")):
        for review in json.loads(path.read_text("utf-8")):
            counts.update(re.findall("[가-힣]+", review["review"]))
    return Counter({word: count for word, count in counts.items() if count >= COUNTED_FROM and len(word) <= LONGEST})


def of_dictionary(folder: Path) -> Iterator[str]:
    """The words of open classes, inflected forms among them, but no names."""
    content = (folder / "sys.dic").read_bytes()
    trie, tokens, _ = HEADER.unpack_from(content)[6:9]
    features = HEADER.size + trie + tokens
    for token in TOKEN.iter_unpack(content[HEADER.size + trie : features]):
        start = features + token[4]
        class_, _, _, word, *_ = content[start : content.index(b"\0", start)].decode().split(",")
        if class_.startswith(OPEN_CLASSES) and not class_.startswith(NAMES) and re.fullmatch("[가-힣]+", word):
            yield word


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reviews", type=Path)
    parser.add_argument("dictionary", type=Path)
    parser.add_argument("words", type=Path)
    arguments = parser.parse_args()
    counts = of_reviews(arguments.reviews)
    counts.update(sorted(set(of_dictionary(arguments.dictionary))))
    lines = (f"{word}\t{count}\n" for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    arguments.words.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
