"""What becomes of an embedding in QGIS: styled, described, named, the picture on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence, Tuple

from qgis.core import QgsProcessingContext, QgsRasterLayer

from ..raster_tags import is_random
from ..styling import style_embedding, style_picture, style_stretched
from ..styling_metadata import embedding_name, picture_name
from .layer_styles import LayerStyle, arrive


@dataclass(frozen=True)
class EmbeddingResult:
    """The engine's answer to `embed`."""

    output: str
    picture: str
    tiles: int
    seconds: float
    device: str
    random: bool
    notes: Tuple[str, ...]
    rgb_bands: Tuple[int, ...]
    rgb_ranges: Tuple[Tuple[float, float], ...]

    @staticmethod
    def of(answer: Mapping[str, Any]) -> EmbeddingResult:
        """The result in the engine's JSON values."""
        return EmbeddingResult(
            output=str(answer["output"]),
            picture=str(answer.get("picture") or ""),
            tiles=int(answer["tiles"]),
            seconds=float(answer["seconds"]),
            device=str(answer["device"]),
            random=is_random(str(answer["output"])),
            notes=tuple(str(note) for note in answer["notes"]),
            rgb_bands=tuple(int(band) for band in answer.get("rgb_bands") or ()),
            rgb_ranges=tuple((float(low), float(high)) for low, high in answer.get("rgb_ranges") or ()),
        )


def load_results(result: EmbeddingResult, names: Sequence[str], context: QgsProcessingContext) -> None:
    """Write the styles beside the files, and see to it that the layers arrive named, styled and in order.

    The picture is what one looks at: it comes on top. The embedding lies below it, switched
    off, since it is there to be computed with; without a picture it is shown itself.
    """
    embedding = EmbeddingStyle(result.rgb_bands, result.rgb_ranges, shown=not result.picture)
    arrive(result.output, embedding, embedding_name(names), context)
    if result.picture:
        arrive(result.picture, PictureStyle(result.output), picture_name(names), context)


class EmbeddingStyle(LayerStyle):
    """Three features as red, green and blue."""

    def __init__(
        self, rgb_bands: Sequence[int], rgb_ranges: Sequence[Tuple[float, float]], shown: bool
    ) -> None:  # fmt: skip
        super().__init__(shown=shown)
        self._rgb_bands, self._rgb_ranges = rgb_bands, rgb_ranges

    def apply(self, layer: QgsRasterLayer) -> None:
        """Set the layer's colours."""
        style_embedding(layer, self._rgb_bands, self._rgb_ranges)


class PictureStyle(LayerStyle):
    """The picture's own colours, above its embedding."""

    def __init__(self, embedding: str) -> None:
        super().__init__(above=(embedding,), legend=False)
        self._embedding = embedding

    def apply(self, layer: QgsRasterLayer) -> None:
        """Set the layer's colours."""
        style_picture(layer, self._embedding)


class StretchedStyle(LayerStyle):
    """Three bands of a measured image, stretched to what is in it."""

    def __init__(self, bands: Tuple[int, int, int]) -> None:
        super().__init__()
        self._bands = bands

    def apply(self, layer: QgsRasterLayer) -> None:
        """Set the layer's colours."""
        style_stretched(layer, self._bands)
