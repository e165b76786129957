"""Pictures for a page: an embedding in colours, a map of classes, labelled places that came out right or wrong."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from engine.raster.components import TokenSample, fit_components
from engine.raster.feature_raster import READ_BYTES, FeatureRaster
from engine.raster.map_writer import MapClass

#: Blue and orange are told apart by those who cannot tell red from green.
RIGHT, WRONG = "#2f9ee0", "#ff7f0e"
#: The longest side of a picture; more than a page is wide shows nothing more.
MOST_PX = 720
#: Places drawn at most: more hide the picture they lie on.
MAX_PLACES = 3000
#: A cell of a small embedding becomes a square of this side at most.
_MOST_ENLARGED = 24


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of a page: ``pixels`` (h, w, 4) uint8 red, green, blue, alpha; its title, and what to see in it.

    ``legend`` are names with their colours "#rrggbb". ``window`` is what it shows of the source grid: first row, end
    row, first column, end column in pixels and fractions of them, all 0 where that is not known.
    """

    pixels: np.ndarray
    title: str
    caption: str = ""
    legend: tuple[tuple[str, str], ...] = ()
    window: tuple[float, float, float, float] = (0, 0, 0, 0)

    def png(self) -> bytes:
        """The picture as a PNG file."""
        packed = io.BytesIO()
        Image.fromarray(self.pixels).save(packed, "PNG", optimize=True)
        return packed.getvalue()

    def data_uri(self) -> str:
        """The PNG as text, for a page that holds its pictures itself."""
        return f"data:image/png;base64,{base64.b64encode(self.png()).decode()}"


def overview(feature_path: str | Path, most_px: int = MOST_PX) -> Picture:
    """An embedding's three principal components in colours, no side longer than ``most_px``; clear without data.

    A large embedding is looked at through its overviews, in pieces. Raises SourceError where it cannot be read.
    """
    with FeatureRaster(feature_path) as raster:
        step = max(1, -(-max(raster.rows, raster.cols) // most_px))
        sample = TokenSample(raster.dims, -(-raster.cols // step))
        for row, cells in _shrunk(raster, step):
            sample.add(row, cells)
        components = fit_components(sample.tokens())
        image = np.zeros((-(-raster.rows // step), -(-raster.cols // step), 4), np.uint8)
        for row, cells in _shrunk(raster, step):
            colours = components.colours(cells.reshape(raster.dims, -1).T).reshape(*cells.shape[1:], 3)
            data = np.isfinite(cells[0])
            image[row : row + len(data), :, :3] = np.where(data[..., None], colours, 0)
            image[row : row + len(data), :, 3] = np.where(data, 255, 0)
        to_source = ~raster.source_grid.transform @ raster.grid.transform
        (col0, row0), (col1, row1) = to_source @ (0, 0), to_source @ (raster.cols, raster.rows)
    return Picture(
        _enlarged(image, most_px),
        title="What the model sees",
        caption="Three main components of the embedding as red, green and blue: what has one colour, the model finds "
        "alike.",
        window=(row0, row1, col0, col1),
    )


def class_map(values: np.ndarray, classes: Sequence[MapClass], title: str, caption: str = "") -> Picture:
    """A map (h, w) of class values in the classes' colours; clear where a value is none of theirs.

    Every n-th pixel of a large one is taken. The legend has the classes that occur, the commonest first.
    """
    step = max(1, -(-max(values.shape) // MOST_PX))
    thinned = values[::step, ::step]
    found, numbers, counts = np.unique(thinned, return_inverse=True, return_counts=True)
    by_value = {each.value: each for each in classes}
    shown = [by_value.get(int(value)) for value in found]
    palette = np.array([(0, 0, 0, 0) if each is None else (*each.rgb, 255) for each in shown], np.uint8)
    image = palette[numbers.reshape(thinned.shape)]
    present = [each for number in np.argsort(-counts, kind="stable") if (each := shown[number]) is not None]
    legend = tuple((each.name, each.colour) for each in present)
    return Picture(_enlarged(image, MOST_PX), title, caption, legend, (0, values.shape[0], 0, values.shape[1]))


def places(background: Picture, rows: np.ndarray, cols: np.ndarray, right: np.ndarray) -> Picture:
    """``background`` (of ``overview`` or ``class_map``), dimmed, with a dot on every labelled place that was tested.

    ``rows`` and ``cols`` (n,) are pixels of the source grid, ``right`` (n,) bool says whether the place came out as
    it is labelled. Of many places some are drawn, the same ones every time; places outside the picture are not.
    """
    row0, row1, col0, col1 = background.window
    height, width = background.pixels.shape[:2]
    y = (np.asarray(rows) + 0.5 - row0) / max(row1 - row0, 1e-9) * height
    x = (np.asarray(cols) + 0.5 - col0) / max(col1 - col0, 1e-9) * width
    inside = np.flatnonzero((y >= 0) & (y < height) & (x >= 0) & (x < width))
    # Mixed, so that neither colour lies on top of the other.
    drawn = np.random.default_rng(0).permutation(inside)[:MAX_PLACES]
    colours = background.pixels[..., :3].astype(np.float32)
    # Half the colour and half the contrast gone: structure stays, dots stand out.
    pale = 110 + 0.5 * (0.3 * colours + 0.7 * colours.mean(axis=2, keepdims=True))
    dimmed = np.dstack([pale.astype(np.uint8), background.pixels[..., 3]])
    image = Image.fromarray(dimmed)
    pen = ImageDraw.Draw(image)
    radius = 2 if len(drawn) > 800 else 3
    for number in drawn.tolist():
        box = (x[number] - radius, y[number] - radius, x[number] + radius, y[number] + radius)
        pen.ellipse(box, fill=RIGHT if right[number] else WRONG, outline="#222222" if radius > 2 else None)
    return replace(
        background,
        pixels=np.asarray(image),
        title="Where it was right and wrong",
        caption="Every dot is a labelled place, predicted by a head that had not seen the polygon or block it lies in.",
        legend=(("right", RIGHT), ("wrong", WRONG)),
    )


def _shrunk(raster: FeatureRaster, step: int) -> Iterator[tuple[int, np.ndarray]]:
    """First row and cells (dims, h, w) of an embedding at one ``step``-th of its size, in pieces from the top."""
    cols = -(-raster.cols // step)
    rows = max(1, READ_BYTES // (4 * raster.dims * cols)) * step
    for row0 in range(0, raster.rows, rows):
        row1 = min(row0 + rows, raster.rows)
        yield row0 // step, raster.read(row0, row1, shape=(-(-(row1 - row0) // step), cols))


def _enlarged(image: np.ndarray, most_px: int) -> np.ndarray:
    """A small picture with every pixel as a square, so that it can be seen."""
    times = max(1, min(_MOST_ENLARGED, most_px // max(image.shape[:2])))
    return image.repeat(times, axis=0).repeat(times, axis=1)
