"""What the paper reports, to stand beside what is measured here (METHOD, section 7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Widths of the paper's encoders.
_SIZES = {768: "ViT-B", 1024: "ViT-L"}


@dataclass(frozen=True)
class Published:
    """One figure of the paper, in percent.

    ``dataset`` and ``inputs`` (names of modalities, sorted; empty: those of the dataset) as in this repository,
    ``size`` "ViT-B", "ViT-L" or empty where the paper does not say. ``fusion`` is empty for one modality, ``share``
    that of the training split. ``where`` names the table.
    """

    dataset: str
    protocol: str
    metric: str
    value: float
    size: str
    where: str
    inputs: tuple[str, ...] = ()
    fusion: str = ""
    share: float = 1.0

    def text(self, share: float) -> str:
        """ "98.4 (ViT-B, table 2)"; a figure for another ``share`` of the training split names its own."""
        other = "" if self.share == share else f"{100 * self.share:g} % of the training set"
        return f"{self.value:.1f} ({', '.join(filter(None, (self.size, other, self.where)))})"


def _bigearthnet() -> list[Published]:
    both = ("s1", "s2")
    rows = [
        Published("bigearthnet", protocol, "map_micro", value, size, "table 1", inputs, fusion, 0.1)
        for size, values in (("ViT-B", (78.9, 86.9, 85.4)), ("ViT-L", (80.5, 87.7, 86.7)))
        for protocol, inputs, fusion, value in zip(
            ("linear", "finetune", "linear"), (("s1",), ("s2",), both), ("", "", "mixup"), values, strict=True
        )
    ]
    for fusion, values in (("stack", (75.9, 83.1)), ("concat", (77.0, 84.7)), ("mixup", (79.2, 86.7))):
        rows += [
            Published("bigearthnet", "linear", "map_micro", value, "ViT-L", "table 8", both, fusion, share)
            for share, value in zip((0.01, 0.1), values, strict=True)
            if not (fusion == "mixup" and share == 0.1)  # the same figure as in table 1
        ]
    return rows


FIGURES: tuple[Published, ...] = (
    *_bigearthnet(),
    Published("eurosat", "linear", "accuracy", 98.4, "ViT-B", "table 2"),
    Published("eurosat", "linear", "accuracy", 98.9, "ViT-L", "table 2"),
    Published("eurosat", "finetune", "accuracy", 99.4, "ViT-B", "table 2"),
    Published("eurosat", "finetune", "accuracy", 99.6, "ViT-L", "table 2"),
    Published("resisc45", "finetune", "accuracy", 95.8, "ViT-L", "table 3"),
    Published("eurosat", "multiscale-knn", "accuracy", 93.7, "", "table 4"),
    Published("whu-rs19", "multiscale-knn", "accuracy", 80.4, "", "table 4"),
    Published("uc-merced", "multiscale-knn", "accuracy", 77.0, "", "table 4"),
    Published("burnscars", "upernet", "miou", 82.8, "ViT-B", "table 5"),
    Published("dynamicearthnet", "upernet", "miou", 38.5, "ViT-B", "table 5"),
    Published("spacenet7", "upernet", "miou", 62.2, "ViT-B", "table 5"),
    Published("sickle", "conv", "miou", 50.2, "ViT-B", "table 6"),
    Published("sickle", "conv", "accuracy", 75.5, "ViT-B", "table 6"),
    Published("sickle", "conv", "f1", 63.7, "ViT-B", "table 6"),
)


def published_figures(
    dataset: str, protocol: str, inputs: Sequence[str], fusion: str, share: float, width: int
) -> tuple[Published, ...]:
    """The paper's figures for the same dataset, protocol, inputs and fusion; empty for none.

    Those for the same training share and for an encoder of the same ``width``, where there are such; else of all.
    """
    found = [
        figure
        for figure in FIGURES
        if _key(figure.dataset) == _key(dataset)
        and figure.protocol == protocol
        and figure.inputs in ((), tuple(sorted(inputs)))
        and figure.fusion == (fusion if len(inputs) > 1 else "")
    ]
    found = [figure for figure in found if figure.share == share] or found
    return tuple([figure for figure in found if figure.size in (_SIZES.get(width, "another"), "")] or found)


def _key(name: str) -> str:
    """Spellings of one name alike; the BigEarthNets differ in their inputs alone."""
    key = re.sub(r"[^a-z0-9]", "", name.casefold()).removeprefix("hls")
    return "bigearthnet" if key.startswith("bigearthnet") else key
