"""The evaluation datasets by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from engine.errors import JobError, SourceError
from train.evaluation.dataset import EvaluationDataset
from train.evaluation.datasets.bigearthnet import BigEarthNet
from train.evaluation.datasets.burnscars import BurnScars
from train.evaluation.datasets.dfc2020 import DFC2020
from train.evaluation.datasets.dynamicearthnet import DynamicEarthNet
from train.evaluation.datasets.eurosat import EuroSAT
from train.evaluation.datasets.resisc45 import Resisc45
from train.evaluation.datasets.sickle import Sickle
from train.evaluation.datasets.spacenet7 import SpaceNet7
from train.evaluation.datasets.uc_merced import UCMerced
from train.evaluation.datasets.whu_rs19 import WhuRs19

#: Opens a dataset in a folder, with a split file or None.
Open = Callable[[Path, Path | None], EvaluationDataset]

_OPEN: Mapping[str, Open] = {
    "bigearthnet-s1": partial(BigEarthNet, "bigearthnet-s1"),
    "bigearthnet-s2": partial(BigEarthNet, "bigearthnet-s2"),
    "bigearthnet-mm": partial(BigEarthNet, "bigearthnet-mm"),
    "eurosat": EuroSAT,
    "resisc45": Resisc45,
    "whu-rs19": WhuRs19,
    "uc-merced": UCMerced,
    "sickle": Sickle,
    "burnscars": BurnScars,
    "dynamicearthnet": DynamicEarthNet,
    "spacenet7": SpaceNet7,
    "dfc2020": DFC2020,
}

NAMES: tuple[str, ...] = tuple(_OPEN)


def open_dataset(name: str, root: Path, split_file: Path | None = None) -> EvaluationDataset:
    """The dataset ``name`` (one of NAMES), unpacked in the folder ``root`` in its published layout.

    ``split_file`` replaces the published or default split: a CSV or JSON of ids and splits, or a published training
    list (TXT) whose companions lie beside it; see ``splits.from_file``. Ids it does not name are left out.

    Raises:
        JobError: no dataset is called so; the hint gives the nearest names.
        SourceError: the folder does not hold the dataset, or the split file is not one of it.
    """
    opening = _OPEN.get(name.strip().casefold())
    if opening is None:
        near = difflib.get_close_matches(name.casefold(), NAMES, n=3, cutoff=0.5)
        raise JobError(
            f"There is no evaluation dataset named {name!r}.",
            f"Did you mean {' or '.join(near)}?" if near else f"The datasets are {', '.join(NAMES)}.",
        )
    if not Path(root).is_dir():
        raise SourceError(f"{root} is not a folder.", f"Give the folder that {name} was unpacked into.")
    return opening(Path(root), split_file)
