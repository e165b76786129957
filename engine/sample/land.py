"""The ground of the simulated scene: parcels, a town, woods, a river and a lake, drawn at two metres.

Everything follows from a seed. Positions are in metres from the upper left corner, x to
the east and y to the south.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.sample.shapes import Axes, Floats, Rect, noise
from engine.sample.spectra import INDEX

Mask = NDArray[np.bool_]
Window = tuple[slice, slice]

_EVERYWHERE: Window = (slice(None), slice(None))

#: Size of a drawn pixel in metres.
PIXEL_M = 2.0

#: Classes of the label raster: name and colour.
CLASSES: dict[int, tuple[str, tuple[int, int, int]]] = {
    1: ("Green crop", (156, 204, 75)),
    2: ("Bare or ripe field", (222, 184, 116)),
    3: ("Forest", (34, 102, 51)),
    4: ("Water", (52, 120, 190)),
    5: ("Town and roads", (190, 60, 60)),
    6: ("Grassland", (120, 190, 140)),
}
GREEN, OPEN, FOREST, WATER, TOWN, GRASS = CLASSES

#: What grows on a field, how often, how much of the soil it covers, and the class it belongs to.
_CROPS = (
    ("bright crop", 0.22, (0.75, 0.97), GREEN),
    ("dark crop", 0.22, (0.60, 0.92), GREEN),
    ("straw", 0.20, (0.75, 0.97), OPEN),
    ("straw", 0.08, (0.30, 0.50), OPEN),
    ("grass", 0.12, (0.00, 0.08), OPEN),
    ("grass", 0.16, (0.80, 0.97), GRASS),
)
_ROOFS = ("tiled roof", "dark roof", "light roof")

#: Direction to the sun (x, y) on a summer morning, and the tangent of its elevation.
_SUN = (0.62, 0.78)
_SUN_TANGENT = 1.35
_SKYLIGHT = 0.28

#: Trees stand about this far apart in a wood.
_STEM_M = 5.6


@dataclass
class Land:
    """The ground, every array (height, width) at PIXEL_M.

    A pixel is ``share`` of the material ``cover`` over the material ``base`` (indices of
    MATERIALS). ``light`` is the factor of illumination and tone on its reflectance,
    ``echo`` the factor of roughness and structure on its backscatter, ``height`` in
    metres, ``label`` a key of CLASSES.
    """

    base: NDArray[np.uint8]
    cover: NDArray[np.uint8]
    share: Floats
    light: Floats
    echo: Floats
    height: Floats
    label: NDArray[np.uint8]


def draw_land(size_px: int, seed: int) -> Land:
    """A landscape of ``size_px`` × ``size_px`` pixels of PIXEL_M; the same for the same seed."""
    painter = _Painter(size_px, seed)
    # In the order in which one thing covers another.
    painter.parcels()
    painter.wood_edges()
    painter.river()
    painter.roads()
    painter.lake()
    painter.trees()
    painter.illuminate()
    return painter.land


class _Painter:
    def __init__(self, size_px: int, seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        self.shape = shape = (size_px, size_px)
        self.size_m = size_px * PIXEL_M
        y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) * np.float32(PIXEL_M)
        # Nothing in a landscape is quite straight.
        self.x = x + 7 * self.noise(260)
        self.y = y + 7 * self.noise(260)
        self.patches = self.noise(110) * np.float32(0.7) + self.noise(35) * np.float32(0.3)
        self.grain = rng.standard_normal(shape).astype(np.float32)
        self.land = Land(
            base=np.full(shape, INDEX["dark soil"], np.uint8),
            cover=np.full(shape, INDEX["grass"], np.uint8),
            share=np.full(shape, 0.9, np.float32),
            light=np.ones(shape, np.float32),
            echo=np.ones(shape, np.float32),
            height=np.zeros(shape, np.float32),
            label=np.full(shape, GRASS, np.uint8),
        )
        # The chance that a tree stands where there is room for one.
        self.tree_chance = np.full(shape, 0.0003, np.float32)
        self._place()
        self._divide()

    def noise(self, scale_m: float) -> Floats:
        return noise(self.rng, self.shape, scale_m / PIXEL_M)

    def _place(self) -> None:
        """Town and lake on one bank of the river, the large wood on the other."""
        rng = self.rng
        corners = np.array([(0.26, 0.26), (0.74, 0.26), (0.74, 0.74), (0.26, 0.74)])
        order = np.roll(corners, int(rng.integers(4)), axis=0)[:: -1 if rng.integers(2) else 1]
        self.town, self.pond, self.wood, _ = (order + rng.uniform(-0.04, 0.04, (4, 2))) * self.size_m
        along = self.pond - self.town
        angle = 0.0 if abs(along[0]) > abs(along[1]) else math.pi / 2
        self.river_axes = Axes(angle + rng.uniform(-0.25, 0.25))

    def _divide(self) -> None:
        """Zones, each with its own direction of fields; roads run between some of them."""
        rng = self.rng
        count = max(2, round(self.size_m / 650))
        spacing = self.size_m / count
        grid = (np.indices((count, count)).reshape(2, -1).T + 0.5) * spacing
        sites = (grid + rng.uniform(-0.33, 0.33, grid.shape) * spacing).astype(np.float32)
        nearest = np.full(self.shape, np.inf, np.float32)
        second = np.full(self.shape, np.inf, np.float32)
        self.zone = np.zeros(self.shape, np.int16)
        other = np.zeros(self.shape, np.int16)
        for index, (site_x, site_y) in enumerate(sites):
            distance = np.hypot(self.x - site_x, self.y - site_y)
            first = distance < nearest
            middle = ~first & (distance < second)
            second = np.where(first, nearest, np.where(middle, distance, second))
            other = np.where(first, self.zone, np.where(middle, np.int16(index), other))
            nearest = np.where(first, distance, nearest)
            self.zone = np.where(first, np.int16(index), self.zone)
        between = np.hypot(*(sites[self.zone] - sites[other]).transpose(2, 0, 1)) + 1e-3
        #: Distance in m from the border between two zones.
        self.border = (second**2 - nearest**2) / (2 * between)
        roads = rng.random((len(sites), len(sites))) < 0.6
        self.has_road = roads[np.minimum(self.zone, other), np.maximum(self.zone, other)]
        self.zone_axes = [Axes(angle) for angle in rng.uniform(0, math.pi, len(sites))]

    def parcels(self) -> None:
        """Cut every zone into parcels and give each a use."""
        wood_noise = self.noise(500)
        for zone, axes in enumerate(self.zone_axes):
            inside = self.zone == zone
            u, v = axes.to_uv(self.x[inside], self.y[inside])
            whole = Rect(float(u.min()), float(u.max()), float(v.min()), float(v.max()))
            for rect in whole.cut(self.rng, (12_000, 60_000), strips=self.rng.choice([0.5, 1.0, 2.0])):
                window, edge, u, v = self.cut_out(axes, rect)
                mask = (edge >= 0) & (self.zone[window] == zone)
                if not mask.any():
                    continue
                x, y = axes.to_xy(*rect.centre)
                row, column = (int(np.clip(at / PIXEL_M, 0, self.shape[0] - 1)) for at in (y, x))
                lean = float(wood_noise[row, column])
                wooded = lean + 2.4 * math.exp(-((math.dist((x, y), self.wood) / (0.22 * self.size_m)) ** 2))
                if math.dist((x, y), self.town) < (0.165 + 0.02 * lean) * self.size_m:
                    self.town_quarter(axes, rect, zone)
                elif wooded > 1.1:
                    self.land.label[window][mask] = FOREST
                else:
                    self.field(window, mask, edge, u, v, rect)

    def cut_out(self, axes: Axes, rect: Rect) -> tuple[Window, Floats, Floats, Floats]:
        """The window of pixels around ``rect``, and in it the distance inside the rectangle, u and v (m)."""
        x0, x1, y0, y1 = axes.bounds(rect)
        # As wide as the bend of self.x and self.y may be.
        room = 40.0
        rows, columns = (
            slice(max(0, int((low - room) / PIXEL_M)), max(0, int((high + room) / PIXEL_M)))
            for low, high in ((y0, y1), (x0, x1))
        )
        u, v = axes.to_uv(self.x[rows, columns], self.y[rows, columns])
        return (rows, columns), rect.edge_distance(u, v), u, v

    def fill(self, window: Window, mask: Mask, base: str, cover: str, share: NDArray[Any] | float, label: int) -> None:
        """Set materials, share of the cover and class where ``mask`` is true in the window."""
        land = self.land
        land.base[window][mask] = INDEX[base]
        land.cover[window][mask] = INDEX[cover]
        land.share[window][mask] = np.clip(share[mask], 0, 1) if isinstance(share, np.ndarray) else share
        land.label[window][mask] = label

    def field(self, window: Window, mask: Mask, edge: Floats, u: Floats, v: Floats, rect: Rect) -> None:
        """One crop, with its soil, tone, patches, tramlines and a grassy margin or a hedge."""
        rng, land = self.rng, self.land
        cover, _, shares, label = _CROPS[rng.choice(len(_CROPS), p=[crop[1] for crop in _CROPS])]
        mean = rng.uniform(*shares)
        lengthwise = u if rect.u1 - rect.u0 < rect.v1 - rect.v0 else v
        tramlines = np.mod(lengthwise, rng.uniform(18, 27)) < PIXEL_M
        passes = np.sin(lengthwise * np.float32(2 * math.pi / rng.uniform(6, 12)))
        drift = (u - rect.u0) / (rect.u1 - rect.u0) - np.float32(0.5)
        patchy = rng.uniform(0.03, 0.10) * self.patches[window] + rng.uniform(-0.08, 0.08) * drift
        share = mean + patchy + 0.02 * passes - 0.12 * mean * tramlines
        soil = "light soil" if rng.random() < 0.4 else "dark soil"
        self.fill(window, mask, soil, cover, share, label)
        tone = rng.uniform(0.88, 1.12) + 0.04 * self.patches[window] + 0.012 * passes
        land.light[window][mask] = tone[mask]
        land.echo[window][mask] = 10 ** rng.normal(0, 0.22)
        margin = mask & (edge < rng.uniform(0.5, 3.0))
        self.fill(window, margin, "dark soil", "grass", 0.85, label)
        if rng.random() < 0.15:
            self.tree_chance[window][mask & (edge < 6)] = rng.uniform(0.3, 1.0)

    def town_quarter(self, axes: Axes, rect: Rect, zone: int) -> None:
        """Blocks between streets; each of houses in gardens, of dense old houses, of halls, or a park."""
        rng = self.rng
        kind = rng.choice(["gardens", "gardens", "gardens", "halls"])
        for block in rect.cut(rng, (5_000, 11_000) if kind == "gardens" else (16_000, 30_000)):
            window, edge, _, _ = self.cut_out(axes, block)
            inside = (edge >= 0) & (self.zone[window] == zone)
            self.fill(window, inside, "asphalt", "paving", 0.1, TOWN)
            self.fill(window, inside & (edge > 3.5), "paving", "asphalt", 0.5, TOWN)
            self.tree_chance[window][inside] = 0.0
            plot = inside & (edge > 5.5)
            centre = axes.to_xy(*block.centre)
            if rng.random() < 0.06:
                self.fill(window, plot, "dark soil", "grass", 0.95, GRASS)
                self.tree_chance[window][plot] = 0.3
                continue
            dense = math.dist(centre, self.town) < 0.055 * self.size_m
            if kind == "halls":
                self.fill(window, plot, "paving", "asphalt", rng.uniform(0.1, 0.9), TOWN)
                sizes, fill = (3_000.0, 8_000.0), (0.55, 0.8)
            elif dense:
                self.fill(window, plot, "paving", "grass", 0.3, TOWN)
                self.tree_chance[window][plot] = 0.06
                sizes, fill = (250.0, 500.0), (0.7, 0.95)
            else:
                self.fill(window, plot, "dark soil", "grass", 0.8 + 0.1 * self.patches[window], TOWN)
                self.tree_chance[window][plot] = 0.17
                sizes, fill = (450.0, 900.0), (0.4, 0.62)
            block = block.shrunk(6)
            if min(block.u1 - block.u0, block.v1 - block.v0) > 10:
                for lot in block.cut(rng, sizes):
                    self.house(axes, lot, zone, rng.uniform(*fill), hall=kind == "halls")

    def house(self, axes: Axes, lot: Rect, zone: int, fill: float, hall: bool) -> None:
        """A building that takes the share ``fill`` of each side of its lot, with a roof of two slopes or flat."""
        rng, land = self.rng, self.land
        wide, long = (lot.u1 - lot.u0) * fill, (lot.v1 - lot.v0) * fill
        if min(wide, long) < 5:
            return
        u0 = lot.u0 + rng.uniform(0.2, 0.8) * (lot.u1 - lot.u0 - wide)
        v0 = lot.v0 + rng.uniform(0.2, 0.8) * (lot.v1 - lot.v0 - long)
        if not hall:
            wide, long = min(wide, rng.uniform(11, 17)), min(long, rng.uniform(11, 17))
        walls = Rect(u0, u0 + wide, v0, v0 + long)
        window, edge, u, v = self.cut_out(axes, walls)
        mask = (edge >= 0) & (self.zone[window] == zone)
        roof = rng.choice(_ROOFS, p=[0.05, 0.35, 0.6] if hall else [0.7, 0.24, 0.06])
        self.fill(window, mask, roof, "asphalt", rng.uniform(0, 0.15), TOWN)
        self.tree_chance[window][edge > -4] = 0.0
        land.light[window][mask] = rng.uniform(0.85, 1.15)
        land.echo[window][mask] = 10 ** rng.normal(0.0, 0.45)
        land.height[window][mask] = rng.uniform(7, 11)
        if not hall:
            # The roof's fall, along the shorter side.
            half, offset = (wide / 2, u - walls.centre[0]) if wide < long else (long / 2, v - walls.centre[1])
            land.height[window][mask] -= (0.7 * np.clip(np.abs(offset), 0, half))[mask]

    def wood_edges(self) -> None:
        """Woods follow the parcels, but round off their corners and fray their edges."""
        land = self.land
        parcels = land.label == FOREST
        open_land = land.label != TOWN
        dense = ndimage.gaussian_filter(parcels.astype(np.float32), 18 / PIXEL_M) + 0.06 * self.noise(45)
        wood = (dense > 0.5) & open_land
        self.fill(_EVERYWHERE, parcels & ~wood, "dark soil", "grass", 0.9, GRASS)
        self.fill(_EVERYWHERE, wood, "dark soil", "grass", 0.6, FOREST)
        self.tree_chance[wood] = 0.97
        land.light[wood], land.echo[wood] = 1.0, 1.0

    def river(self) -> None:
        """A meandering river with gravel, reeds and trees on its banks."""
        rng, land = self.rng, self.land
        u, v = self.river_axes.to_uv(self.x, self.y)
        middle_u, middle_v = (float(np.median(axis)) for axis in (u, v))
        along, across = u - middle_u, v - middle_v
        bends = np.zeros(self.shape, np.float32)
        slope = np.zeros(self.shape, np.float32)
        for length, height in ((rng.uniform(900, 1200), 70), (rng.uniform(420, 560), 42), (rng.uniform(210, 260), 12)):
            turn = np.float32(2 * math.pi / length)
            phase = along * turn + np.float32(rng.uniform(0, 2 * math.pi))
            bends += height * np.sin(phase)
            slope += height * turn * np.cos(phase)
        distance = np.abs(across - bends) / np.sqrt(1 + slope**2)
        half_width = 14 + 3 * self.noise(150)
        bank = distance - half_width
        meadow = (bank < 32 + 14 * self.patches) & (land.label != TOWN) & (land.label != FOREST)
        self.fill(_EVERYWHERE, meadow, "dark soil", "grass", 0.88 + 0.08 * self.patches, GRASS)
        land.light[meadow], land.echo[meadow] = 1.0, 1.0
        trees = (bank < 15) & (self.noise(70) > -0.2) & (land.label != TOWN)
        self.tree_chance[trees] = 0.6
        gravel = (bank < 3.5) & (self.noise(60) > 0.9)
        self.fill(_EVERYWHERE, gravel, "light soil", "paving", 0.5, GRASS)
        self.water(bank < 0, "river", 0.03 * self.noise(25))

    def lake(self) -> None:
        """A lake with a reed belt and some trees around it."""
        rng = self.rng
        axes = Axes(rng.uniform(0, math.pi))
        u, v = axes.to_uv(self.x - np.float32(self.pond[0]), self.y - np.float32(self.pond[1]))
        radius = 0.095 * self.size_m
        reach = np.hypot(u / 1.35, v / 0.8) + radius * (0.16 * self.noise(240) + 0.04 * self.noise(60)) - radius
        shore = reach < 14
        self.fill(_EVERYWHERE, shore, "dark soil", "grass", 0.9, GRASS)
        self.land.light[shore], self.land.echo[shore], self.land.height[shore] = 0.9, 1.0, 0.0
        self.tree_chance[shore] = np.where(self.noise(90) > 0.1, np.float32(0.7), np.float32(0.02))[shore]
        # Shallow water is brighter: the bottom shines through.
        self.water(reach < 0, "lake", 0.5 * np.exp(np.minimum(reach, 0) / 12))

    def water(self, mask: Mask, name: str, brighter: Floats) -> None:
        """Water instead of whatever was there."""
        land = self.land
        self.fill(_EVERYWHERE, mask, name, name, 0.0, WATER)
        land.light[mask] = 1 + brighter[mask]
        land.echo[mask] = np.exp(0.12 * self.patches)[mask]
        land.height[mask] = 0.0
        self.tree_chance[mask] = 0.0

    def roads(self) -> None:
        """Roads and farm tracks between the zones, over bridges where they meet the river."""
        land = self.land
        verge = self.has_road & (self.border < 7.5) & (land.label != TOWN) & (land.label != WATER)
        self.fill(_EVERYWHERE, verge, "dark soil", "grass", 0.85, GRASS)
        self.tree_chance[verge] = np.where(self.noise(200) > 0.8, np.float32(0.3), np.float32(0.01))[verge]
        road = self.has_road & (self.border < 3.6)
        track = ~self.has_road & (self.border < 1.8) & (land.label != WATER) & (land.label != TOWN)
        self.fill(_EVERYWHERE, road, "asphalt", "paving", 0.12, TOWN)
        self.fill(_EVERYWHERE, track, "light soil", "grass", 0.35, OPEN)
        for mask in (road, track):
            land.light[mask], land.echo[mask], land.height[mask] = 1.0, 1.0, 0.0
            self.tree_chance[mask] = 0.0

    def trees(self) -> None:
        """Single crowns, dense in the woods: cover, height and tone."""
        rng, land, shape = self.rng, self.land, self.shape
        spacing = _STEM_M / PIXEL_M
        cells = np.indices([int(length / spacing) + 1 for length in shape]).reshape(2, -1) * spacing
        stems = np.clip(cells + rng.uniform(0, spacing, cells.shape), 0, shape[0] - 1).astype(np.intp)
        stems = stems[:, rng.random(stems.shape[1]) < self.tree_chance[stems[0], stems[1]]]
        if not stems.size:
            return
        stands = (self.noise(260) + 0.25 * self.noise(40) > 0.55)[stems[0], stems[1]]
        forest = land.label[stems[0], stems[1]] == FOREST
        count = stems.shape[1]
        radius = np.where(forest, 4.4, 3.4) * rng.uniform(0.75, 1.25, count)
        top = np.where(forest, 17.0, 8.5) * rng.uniform(0.75, 1.2, count)
        tone = np.where(stands, 1.0, 0.97) + rng.normal(0, 0.07, count)

        here = np.full(shape, -1, np.int32)
        here[stems[0], stems[1]] = np.arange(count, dtype=np.int32)
        away, (rows, columns) = ndimage.distance_transform_edt(here < 0, return_indices=True)
        stem = here[rows, columns]
        reach = (away * PIXEL_M / radius[stem]).astype(np.float32)
        crown = (reach < 1) & (land.label != WATER)
        conifer = stands[stem]
        shape_of_crown = np.where(conifer, 1 - 0.75 * reach, 0.5 + 0.5 * np.sqrt(np.clip(1 - reach**2, 0, 1)))
        land.cover[crown] = np.where(conifer, INDEX["conifers"], INDEX["broadleaf trees"])[crown]
        land.share[crown] = 0.94
        land.light[crown] = tone[stem][crown]
        land.echo[crown] = np.exp(0.2 * self.patches)[crown]
        land.height[crown] = (top[stem] * shape_of_crown)[crown]

    def illuminate(self) -> None:
        """Sun and shade of relief, roofs and crowns on ``light``; slopes towards the radar on ``echo``."""
        land = self.land
        ground = 14 * self.noise(700) + 2.5 * self.noise(180)
        surface = ndimage.gaussian_filter(land.height, 0.6) + ground
        fall_y, fall_x = np.gradient(surface, np.float32(PIXEL_M))
        facing = (1 - (fall_x * _SUN[0] + fall_y * _SUN[1]) / _SUN_TANGENT) / np.sqrt(1 + fall_x**2 + fall_y**2)
        sunlit = np.clip(facing, 0, 1.6)
        for step in range(1, 10):
            shift = (-round(step * _SUN[1]), -round(step * _SUN[0]))
            # The border comes in from the other side; it is cut off with the margin of the scene.
            sunward = np.roll(land.height, shift, axis=(0, 1))
            length_m = PIXEL_M * math.hypot(*shift)
            sunlit[sunward > land.height + length_m * _SUN_TANGENT + 0.5] = 0
        land.light *= (_SKYLIGHT + (1 - _SKYLIGHT) * sunlit) * (1 + 0.02 * self.grain)
        # The radar looks from the west: what rises towards it is bright, what falls away from it dark.
        blocks = ndimage.gaussian_filter(land.height, 5 / PIXEL_M) + 2 * ground
        rise = np.gradient(blocks, np.float32(PIXEL_M), axis=1)
        land.echo *= np.exp(np.clip(0.9 * rise, -1.0, 1.0))
