"""The page that shows how good a trained head is: its figures, its map in small, and where it was right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.errors import CancelledError
from engine.heads.head import HeadInfo, TokenHead
from engine.jobs.train_head import TrainHeadJob
from engine.progress import CancelCallback
from engine.raster.feature_raster import READ_BYTES, FeatureRaster
from engine.report.page import accuracy_page
from engine.report.pictures import Picture, class_map, overview, places
from engine.tasks.train_token_head import Tested

if TYPE_CHECKING:
    from engine.heads.upernet import UPerNetHead

#: Sides of the map in small: what fits a page and takes a second, also of a head that compares with thousands.
_MAP_CELLS = 240
_WORDS = {
    "linear": "linear: logistic regression on vectors between tokens",
    "knn": "knn: votes of the 20 most similar labelled places",
    "conv": "conv: a 1×1 convolution, bilinear between tokens",
    "upernet": "upernet: a UPerNet decoder on four blocks of the encoder",
}


def report_pictures(
    head: TokenHead | UPerNetHead, tested: Tested, rasters: Sequence[FeatureRaster], cancelled: CancelCallback
) -> list[Picture]:
    """Pictures of the first scene: what the model sees, what the head makes of it, and the places it was tested at.

    A UPerNet head needs more than an embedding: its map is left out.
    """
    background = overview(rasters[0].path)
    pictures = [background]
    if isinstance(head, TokenHead):
        pictures.append(_small_map(head, rasters[0], cancelled))
    first = tested.places[:, 0] == 0
    if first.any():
        rows, cols = tested.places[first, 1], tested.places[first, 2]
        if rasters[0].record.level == "chips":
            # Places are chips there: a dot is drawn in the middle of each.
            to_pixels = ~rasters[0].source_grid.transform @ rasters[0].grid.transform
            cols, rows = to_pixels @ (cols + 0.5, rows + 0.5)
        pictures.append(places(background, rows, cols, tested.right[first]))
    return pictures


def write_report(
    path: Path,
    job: TrainHeadJob,
    info: HeadInfo,
    accuracy: dict[str, Any],
    pictures: Sequence[Picture],
    notes: Sequence[str],
) -> None:
    """Writes the page. ``accuracy``: see ``engine.heads.accuracy``; ``notes`` are shown as they are."""
    path.write_text(accuracy_page(accuracy, _facts(job, info, notes), pictures), encoding="utf-8")


def _facts(job: TrainHeadJob, info: HeadInfo, notes: Sequence[str]) -> dict[str, str]:
    features = info.features
    unit = "a vector per token" if features["level"] == "tokens" else "a vector per chip"
    images = "\n".join(
        f"{image['name']}: {', '.join(str(band['name']) for band in image['bands'])}" for image in info.images
    )
    facts = {
        "Head": Path(job.output).name,
        "Kind": _WORDS[job.kind],
        "Model": str(features["model"]["title"]),
        "Images": images,
        "Features": f"chips of {features['chip']} px, {unit}"
        + (f", fusion {features['fusion']}" if len(info.images) > 1 else ""),
        "Labels": "\n".join(Path(source.split("|")[0]).name for source in job.labels),
        "Balance": "every class counts alike" if job.balance else "classes count as often as they are labelled",
        "Trained": f"{info.created}, seed {job.seed}, SMARTIES {info.versions['smarties']}",
    }
    return facts | ({"Notes": "\n".join(notes)} if notes else {})


def _small_map(head: TokenHead, raster: FeatureRaster, cancelled: CancelCallback) -> Picture:
    """The head's classes on every n-th cell of an embedding."""
    step = max(1, -(-max(raster.rows, raster.cols) // _MAP_CELLS))
    rows, cols = -(-raster.rows // step), -(-raster.cols // step)
    numbers = np.array([each.value for each in head.info.classes])
    values = np.full((rows, cols), head.info.nodata)
    at_once = max(1, READ_BYTES // (4 * raster.dims * cols))
    for row in range(0, rows, at_once):
        stop = min(row + at_once, rows)
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")
        cells = raster.read(row * step, min(stop * step, raster.rows), shape=(stop - row, cols))
        tokens = torch.from_numpy(np.ascontiguousarray(np.nan_to_num(cells).reshape(raster.dims, -1).T))
        chosen = head.probabilities(head.scores(tokens)).argmax(dim=1).numpy()
        inside = np.isfinite(cells[0])
        values[row:stop][inside] = numbers[chosen.reshape(inside.shape)][inside]
    return class_map(values, head.info.classes, "What the head makes of it", "A class per token, in small.")
