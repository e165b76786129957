"""The table of results: one row per evaluation, beside the paper's figure; JSON to compute with, Markdown to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from filelock import FileLock

from engine.errors import OutputError
from train.evaluation.output import write_result
from train.evaluation.published import published_figures

NAME = "evaluation"
_FORMAT = 1
#: What a row is a result of; the rest is the result and the circumstances.
_IDENTITY = (
    "dataset", "protocol", "model", "model_sha256", "inputs", "fusion", "mixup_draws", "pooling", "resize",
    "statistics", "train_share", "epochs", "seed", "splits",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One result. ``metric`` names the entry of ``figures`` (shares of 1) that stands in the table.

    ``splits`` are the SHA-256 of the sorted ids that trained and that were tested on, ``counts`` their numbers, by
    the name of the split; ``split_source`` says where the splits come from. ``width`` is the encoder's, ``random``
    tells that it was never trained. ``epochs`` is 0 where nothing was trained.
    """

    dataset: str
    protocol: str
    metric: str
    figures: dict[str, float]
    model: str
    model_sha256: str
    random: bool
    width: int
    inputs: tuple[str, ...]
    fusion: str
    mixup_draws: int
    pooling: str
    resize: str
    statistics: str
    train_share: float
    epochs: int
    seed: int
    splits: dict[str, str]
    split_source: str
    counts: dict[str, int]
    precision: str
    device: str
    torch: str
    date: str
    seconds: float

    @property
    def identity(self) -> str:
        """Equal for rows of which the later one replaces the earlier one."""
        return json.dumps([getattr(self, name) for name in _IDENTITY], sort_keys=True)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Row:
        """A row from what ``asdict`` made of one. Raises KeyError or TypeError for anything else."""
        return Row(**{each.name: values[each.name] for each in fields(Row)} | {"inputs": tuple(values["inputs"])})


def read_rows(folder: Path) -> list[Row]:
    """The rows of the table in ``folder``, none where there is no table. OutputError for a file that is no table."""
    path = folder / f"{NAME}.json"
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}")
        return [Row.from_dict(each) for each in content["rows"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            f"{path} is no table of evaluations, so nothing can be added to it.", "Choose another folder with --out."
        ) from error


def merge_into(folder: Path, rows: Sequence[Row]) -> list[Row]:
    """Adds ``rows`` to the table in ``folder``, in place of those they repeat; gives all rows, sorted.

    Several processes may do so at once. OutputError where the folder cannot be written, or holds another table.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{NAME}.lock"):
            known = {row.identity: row for row in read_rows(folder)} | {row.identity: row for row in rows}
            ordered = sorted(known.values(), key=_order)
            content = {"format": _FORMAT, "rows": [asdict(row) for row in ordered]}
            write_result(folder, NAME, content, markdown(ordered))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}.", "Choose another --out.") from error
    return ordered


def markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    titles = (
        "Dataset", "Input", "Protocol", "Train", "Model", "Result", "Paper", "Other figures", "Statistics", "Resize",
        "Pooling", "Splits (SHA-256)", "Epochs", "Seed", "Model SHA-256", "torch", "Date",
    )  # fmt: skip
    lines = [
        "# Evaluation",
        "",
        "Results in percent: overall accuracy, mean average precision (micro), or mean IoU. «Paper» is the published"
        " figure for the same protocol, of the same size of encoder where there is one.",
        "",
        f"| {' | '.join(titles)} |",
        f"|{'---|' * len(titles)}",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(row))} |" for row in rows)]) + "\n"


def line(row: Row) -> str:
    """A row in one sentence, for the terminal."""
    paper = _paper(row)
    beside = f"; paper: {paper}" if paper else ""
    return f"{row.dataset} {row.protocol}: {row.metric} {100 * row.figures[row.metric]:.2f} %{beside}"


def _cells(row: Row) -> list[str]:
    inputs = " + ".join(row.inputs)
    if len(row.inputs) > 1:
        draws = f", {row.mixup_draws} draws" if row.fusion == "mixup" and row.mixup_draws else ""
        inputs += f" ({row.fusion}{draws})"
    others = [f"{name} {100 * value:.1f}" for name, value in row.figures.items() if name != row.metric]
    return [
        row.dataset, inputs, row.protocol, f"{100 * row.train_share:g} % ({row.counts['train']})",
        row.model + (" (random weights)" if row.random else ""), f"**{100 * row.figures[row.metric]:.1f}**",
        _paper(row) or "–", ", ".join(others) or "–", row.statistics, row.resize, row.pooling,
        ", ".join(f"{name} {digest[:8]}" for name, digest in row.splits.items()), str(row.epochs or "–"), str(row.seed),
        row.model_sha256[:12], row.torch, row.date,
    ]  # fmt: skip


def _paper(row: Row) -> str:
    figures = published_figures(row.dataset, row.protocol, row.inputs, row.fusion, row.train_share, row.width)
    return ", ".join(
        ("" if figure.metric == row.metric else f"{figure.metric} ") + figure.text(row.train_share)
        for figure in figures
    )


def _order(row: Row) -> tuple[object, ...]:
    return (row.dataset, row.inputs, row.protocol, row.train_share, row.model, row.fusion, row.identity)
