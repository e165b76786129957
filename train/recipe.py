"""A recipe: everything that decides the outcome of a pretraining run, read from TOML and from ``key=value``."""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import JobError
from engine.model.config import CONFIGS

MIXUPS = ("paper", "released", "none")
SHARDINGS = ("ddp", "fsdp")
PRECISIONS = ("auto", "fp32", "bf16")

#: Settings that may not be 0, and those that may not be below it.
_ABOVE_ZERO = ("batch", "parts", "size", "base_lr", "checkpoint_minutes", "pictures_minutes", "probe_minutes")
_FROM_ZERO = ("seed", "epochs", "warmup_epochs", "steps", "warmup_steps", "weight_decay", "beta_2")
_KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


@dataclass(frozen=True)
class Source:
    """A packed collection to learn from: its folder under ``data_root``, and how often it is taken.

    ``weight`` is relative to the others'; 0 stands for its number of records.
    """

    path: str
    weight: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """A pretraining run. The defaults are the paper's (METHOD, section 5).

    ``start_from`` is the file or the name of a model whose weights the run begins with; empty for fresh ones.
    ``batch`` pairs make a step, over all ranks; they come in ``parts``, each of one collection and shared by all
    ranks, so more parts mix more sensors into a step and need less memory. The rate is ``base_lr`` · ``batch`` / 256
    after ``warmup_epochs``, then a cosine to 0 at the end of ``epochs``; an epoch is as many pairs as the collections
    hold. ``steps``, if not 0, is the length in place of the epochs, ``warmup_steps`` then that of the warm-up.
    ``mixup`` is the paper's, that of the released code, or none. ``compile`` uses torch.compile. ``sharding`` "fsdp"
    spreads weights and optimiser over the ranks. ``verify`` compares the data's hashes at the start. ``probe`` is a
    folder of images in folders of classes for the kNN probe; empty for none.
    """

    model: str = "vit-b"
    start_from: str = ""
    data_root: str = "."
    data: tuple[Source, ...] = ()
    seed: int = 0
    size: int = 224
    batch: int = 2048
    parts: int = 4
    epochs: float = 300.0
    warmup_epochs: float = 20.0
    steps: int = 0
    warmup_steps: int = 0
    base_lr: float = 1.5e-4
    weight_decay: float = 0.05
    beta_2: float = 0.95
    norm_pix: bool = True
    mixup: str = "paper"
    crop_scale_min: float = 0.25
    crop_scale_max: float = 1.0
    precision: str = "auto"
    compile: bool = True
    sharding: str = "ddp"
    verify: bool = True
    checkpoint_minutes: float = 15.0
    pictures_minutes: float = 30.0
    probe: str = ""
    probe_minutes: float = 60.0

    def __post_init__(self) -> None:
        _one_of("model", self.model, tuple(CONFIGS))
        _one_of("mixup", self.mixup, MIXUPS)
        _one_of("sharding", self.sharding, SHARDINGS)
        _one_of("precision", self.precision, PRECISIONS)
        if not self.data:
            raise JobError("The recipe names no data.", "Add [[data]] with the path of a packed collection.")
        for names, least, words in ((_ABOVE_ZERO, math.ulp(0), "above 0"), (_FROM_ZERO, 0, "0 or more")):
            for name in names:
                if not least <= getattr(self, name) < math.inf:
                    raise JobError(f"{name} is {getattr(self, name)}; it must be {words}.")
        if self.beta_2 >= 1:
            raise JobError(f"beta_2 is {self.beta_2}; it must be below 1.")
        if self.steps == 0 and self.epochs == 0:
            raise JobError("The run has no length: epochs and steps are 0.", "Set one of them.")
        if self.batch % self.parts:
            raise JobError(f"A batch of {self.batch} does not divide into {self.parts} parts.", "Change one of them.")
        patch = CONFIGS[self.model].patch
        if self.size % patch or self.size < 2 * patch:
            raise JobError(
                f"Images of {self.size} px do not divide into patches of {patch} px, two or more on a side.",
                f"Set size to a multiple of {patch}.",
            )
        if not 0 < self.crop_scale_min <= self.crop_scale_max <= 1:
            raise JobError("Crops need 0 < crop_scale_min ≤ crop_scale_max ≤ 1.")

    @property
    def part_size(self) -> int:
        """Pairs in a part, over all ranks."""
        return self.batch // self.parts

    @property
    def peak_lr(self) -> float:
        """The learning rate after the warm-up."""
        return self.base_lr * self.batch / 256

    @property
    def tokens(self) -> int:
        """Tokens of an image."""
        return (self.size // CONFIGS[self.model].patch) ** 2

    def lengths(self, records: int) -> tuple[int, int]:
        """Steps of the run and of its warm-up, for collections of ``records`` in all."""
        if self.steps:
            return self.steps, min(self.warmup_steps, self.steps)
        per_epoch = records / self.batch
        return max(1, round(self.epochs * per_epoch)), round(self.warmup_epochs * per_epoch)


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a TOML file with ``key=value`` on top; JobError names what is unknown or of the wrong type."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise JobError(f"The recipe {path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:  # of TOML, and of UTF-8
        raise JobError(f"The recipe {path} is not valid TOML: {error}.") from error
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise JobError(f"“{override}” is not a setting.", "Write key=value, such as batch=512.")
        content[key.strip()] = _value(key.strip(), text.strip())
    return recipe_from(content)


def recipe_from(content: dict[str, Any]) -> Recipe:
    """The recipe of a mapping, as TOML or JSON gives it."""
    fields = {field.name: field for field in dataclasses.fields(Recipe)}
    given: dict[str, Any] = {}
    for key, value in content.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Settings are {', '.join(fields)}."
            raise JobError(f"A recipe has no setting “{key}”.", hint)
        given[key] = _sources(value) if key == "data" else _typed(key, value, type(fields[key].default))
    return Recipe(**given)


def _value(key: str, text: str) -> Any:
    """What a setting of the command line means: TOML, or the text itself, as for a folder that is called 2024."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    wanted = {field.name: type(field.default) for field in dataclasses.fields(Recipe)}.get(key)
    return text if wanted is str and not isinstance(value, str) else value


def _typed(key: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if (kind is int and isinstance(value, bool)) or not isinstance(value, kind):
        raise JobError(f"{key} is {value!r}; {_KINDS[kind]} is expected.")
    return value


def _sources(value: Any) -> tuple[Source, ...]:
    sources = []
    for row in value if isinstance(value, list) else [value]:
        row = {"path": row} if isinstance(row, str) else row
        if not isinstance(row, dict) or not isinstance(row.get("path"), str) or set(row) - {"path", "weight"}:
            raise JobError(f"data holds {row!r}; a path and, if wanted, a weight are expected.")
        weight = _typed("weight", row.get("weight", 0), float)
        if not 0 <= weight < math.inf:
            raise JobError(f"The weight of {row['path']} is {weight}; it must be 0 or more.")
        sources.append(Source(row["path"], weight))
    return tuple(sources)


def _one_of(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise JobError(f"{name} is “{value}”.", f"Choose one of {', '.join(choices)}.")
