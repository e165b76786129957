"""Which samples train, validate and test: published lists, a file of the user, or a rule that never changes.

Where a publication has lists for training and validation only, it reported its results on the validation list:
that one is the test split here, and there is no validation split.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import SourceError
from train.evaluation.datasets.files import read_json, read_rows

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

#: What lists and tables call the splits.
WORDS: Mapping[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
_SPLIT_OF = {word: split for split, words in WORDS.items() for word in words}

#: Makes an id of the fields of a row of a list (one, or several such as a pair of names); "" for one to leave out.
#: Raises SourceError for fields that name no sample.
Pick = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Splits:
    """Ids by split, each in a fixed order, and in a few words where the split comes from."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    source: str

    def of(self, split: Split) -> tuple[str, ...]:
        """The ids of ``split``."""
        members: Mapping[Split, tuple[str, ...]] = {
            "train": self.train,
            "validation": self.validation,
            "test": self.test,
        }
        if split not in members:
            raise ValueError(f"there is no split {split!r}: use one of {', '.join(SPLITS)}")
        return members[split]

    def first(self) -> str:
        """The first id there is. SourceError where all splits are empty."""
        found = next((sample_id for split in SPLITS for sample_id in self.of(split)), None)
        if found is None:
            raise SourceError(f"The splits ({self.source}) name no sample.", "Give a split file that names some.")
        return found


def pick_of(known: Collection[str], what: str) -> Pick:
    """What takes an id that is ``known`` out of a row; SourceError, naming ``what`` they are, for any other."""

    def pick(fields: Sequence[str]) -> str:
        if fields[0] not in known:
            raise SourceError(f"{fields[0]!r} is no {what}.", f"Use ids such as {next(iter(known), 'those listed')}.")
        return fields[0]

    return pick


def made(members: Mapping[Split, Iterable[str]], source: str) -> Splits:
    """Splits of ``members``, without repeats; the validation list is the test split where there is none."""
    ids = {split: tuple(dict.fromkeys(members.get(split, ()))) for split in SPLITS}
    if not ids["test"]:
        ids["test"], ids["validation"] = ids["validation"], ()
    return Splits(ids["train"], ids["validation"], ids["test"], source)


def by_rule(ids: Iterable[str], rule: Callable[[str], Split], source: str) -> Splits:
    """Splits of ``ids``, sorted, by a rule for one id."""
    members: dict[Split, list[str]] = {split: [] for split in SPLITS}
    for sample_id in sorted(ids):
        members[rule(sample_id)].append(sample_id)
    return Splits(tuple(members["train"]), tuple(members["validation"]), tuple(members["test"]), source)


def by_hash(
    ids: Iterable[str], source: str, train: float = 0.6, validation: float = 0.2, key: Pick | None = None
) -> Splits:
    """Splits of ``ids`` by the SHA-256 of their key (the id itself without): the same on every machine.

    ``train`` and ``validation`` are shares; what is left is the test split. Ids of one key stay together.
    """

    def rule(sample_id: str) -> Split:
        text = sample_id if key is None else key([sample_id])
        place = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
        return "train" if place < train else "validation" if place < train + validation else "test"

    return by_rule(ids, rule, source)


def from_lists(lists: Mapping[Split, Path], pick: Pick) -> Splits:
    """Splits of one text list each, one sample per line."""
    members = {split: _picked(path, read_rows(path), pick) for split, path in lists.items()}
    return made(members, ", ".join(path.name for path in lists.values()))


def find_lists(folders: Iterable[Path], patterns: Iterable[str]) -> Mapping[Split, Path]:
    """Published lists: the first of ``patterns`` ("eurosat-{}.txt") of which a folder has the training list.

    Empty where there is none.
    """
    places = [folder / pattern for folder in folders for pattern in patterns]
    for place in places:
        found: dict[Split, Path] = {}
        for split in SPLITS:
            files = (place.with_name(place.name.format(word)) for word in WORDS[split])
            path = next((file for file in files if file.is_file()), None)
            if path is not None:
                found[split] = path
        if "train" in found:
            return found
    return {}


def from_file(path: Path, pick: Pick) -> Splits:
    """Splits of a file that a user gives.

    - CSV: one row per sample, its id and then "train", "validation" or "test"; a header is allowed.
    - JSON: an object {id: split}, or {split: [ids]}.
    - TXT: a published training list, "train" in its name; the lists beside it that are named alike with "val",
      "validation" or "test" are taken with it.

    Raises:
        SourceError: the file is missing or of another form, or names a sample the dataset has not.
    """
    if path.suffix.lower() == ".txt":
        return from_lists(_beside(path), pick)
    pairs = _pairs_of_json(path) if path.suffix.lower() == ".json" else _pairs_of_csv(path)
    members: dict[Split, list[list[str]]] = {split: [] for split in SPLITS}
    for fields, word in pairs:
        split = _SPLIT_OF.get(word.casefold())
        if split is None:
            raise SourceError(f"{path.name} puts {fields[0]} in the split {word!r}.", "Use train, validation or test.")
        members[split].append(fields)
    return made({split: _picked(path, rows, pick) for split, rows in members.items()}, path.name)


def _pairs_of_csv(path: Path) -> list[tuple[list[str], str]]:
    rows = read_rows(path)
    if rows and rows[0][-1].casefold() == "split":
        rows = rows[1:]
    short = next((row for row in rows if len(row) < 2), None)
    if short is not None or not rows:
        raise SourceError(
            f"{path.name} has {'no rows' if short is None else f'a row with one field only, {short[0]!r}'}.",
            "Give one sample per row: its id, a comma, and train, validation or test.",
        )
    return [(row[:-1], row[-1]) for row in rows]


def _pairs_of_json(path: Path) -> list[tuple[list[str], str]]:
    content = read_json(path)
    pairs: list[tuple[list[str], str]] = []
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, str):
            pairs.append(([key], value))
        elif isinstance(value, list) and all(isinstance(each, str) for each in value):
            pairs += [([each], key) for each in value]
        else:
            pairs.clear()
            break
    if not pairs:
        raise SourceError(f"{path.name} names no splits.", 'Give {"id": "train", …} or {"train": ["id", …], …}.')
    return pairs


def _beside(path: Path) -> Mapping[Split, Path]:
    if not re.search("train", path.name, re.IGNORECASE):
        raise SourceError(
            f"{path.name} has no «train» in its name, so the lists that belong to it are not known.",
            "Give the list of the training samples, or a CSV of id and split.",
        )
    lists: dict[Split, Path] = {"train": path}
    for split in SPLITS[1:]:
        for word in WORDS[split]:
            # BigEarthNet-S2-train10prcnt.txt goes with BigEarthNet-S2-val.txt.
            for pattern in ("train(ing)?", r"train\w*"):
                other = path.with_name(re.sub(pattern, word, path.name, flags=re.IGNORECASE))
                if other != path and other.is_file():
                    lists.setdefault(split, other)
    return lists


def _picked(path: Path, rows: Iterable[Sequence[str]], pick: Pick) -> list[str]:
    picked = []
    for row in rows:
        try:
            picked.append(pick(row))
        except SourceError as error:
            raise SourceError(f"{path.name}: {error.message}", error.hint) from error
    return [sample_id for sample_id in picked if sample_id]
