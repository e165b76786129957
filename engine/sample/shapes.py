"""Shapes of a landscape: smooth noise, and rectangles cut into parcels. Lengths in metres."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]


def noise(rng: np.random.Generator, shape: tuple[int, int], scale_px: float) -> Floats:
    """Smooth random relief with bumps ``scale_px`` pixels wide, mean about 0, deviation about 1: ``shape``."""
    coarse = rng.standard_normal((int(shape[0] / scale_px) + 5, int(shape[1] / scale_px) + 5))
    across, down = (
        _interpolation(length, extent, scale_px) for length, extent in zip(shape, coarse.shape, strict=True)
    )
    # 1.17 makes up for the deviation that cubic interpolation between random values loses.
    return (1.17 * (across @ coarse @ down.T)).astype(np.float32)


def _interpolation(length: int, knots: int, scale_px: float) -> NDArray[np.float64]:
    """The matrix (length, knots) of cubic interpolation at every pixel."""
    at = np.arange(length) / scale_px + 1.5
    return np.stack([ndimage.map_coordinates(knot, [at], order=3) for knot in np.eye(knots)], axis=1)


@dataclass(frozen=True)
class Rect:
    """A rectangle between ``u0`` and ``u1``, ``v0`` and ``v1``, in axes that may be turned against the map's."""

    u0: float
    u1: float
    v0: float
    v1: float

    @property
    def area(self) -> float:
        """In m²."""
        return (self.u1 - self.u0) * (self.v1 - self.v0)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle (u, v)."""
        return (self.u0 + self.u1) / 2, (self.v0 + self.v1) / 2

    def shrunk(self, by: float) -> Rect:
        """The rectangle without a margin of ``by`` metres."""
        return Rect(self.u0 + by, self.u1 - by, self.v0 + by, self.v1 - by)

    def edge_distance(self, u: Floats, v: Floats) -> Floats:
        """How far inside each point lies from the nearest side; negative outside."""
        return np.minimum(np.minimum(u - self.u0, self.u1 - u), np.minimum(v - self.v0, self.v1 - v))

    def cut(self, rng: np.random.Generator, area: tuple[float, float], strips: float = 1.0) -> Iterator[Rect]:
        """Cut it in two again and again until a piece is smaller than a size (m²) drawn from the range ``area``.

        The longer side is cut; ``strips`` above 1 makes u seem longer, so that strips along v come out.
        """
        wide, long = self.u1 - self.u0, self.v1 - self.v0
        if wide * long < rng.uniform(*area):
            yield self
            return
        part = rng.uniform(0.36, 0.64)
        if wide * strips > long:
            at = self.u0 + part * wide
            pieces = (Rect(self.u0, at, self.v0, self.v1), Rect(at, self.u1, self.v0, self.v1))
        else:
            at = self.v0 + part * long
            pieces = (Rect(self.u0, self.u1, self.v0, at), Rect(self.u0, self.u1, at, self.v1))
        for piece in pieces:
            yield from piece.cut(rng, area, strips)


@dataclass(frozen=True)
class Axes:
    """Axes u, v turned by ``angle`` (radians) against x (east) and y (south)."""

    angle: float

    def to_uv(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Map coordinates to (u, v)."""
        cos, sin = np.float32(math.cos(self.angle)), np.float32(math.sin(self.angle))
        return x * cos + y * sin, y * cos - x * sin

    def to_xy(self, u: float, v: float) -> tuple[float, float]:
        """(u, v) to map coordinates."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return u * cos - v * sin, u * sin + v * cos

    def bounds(self, rect: Rect) -> tuple[float, float, float, float]:
        """The smallest upright box around ``rect``: x0, x1, y0, y1."""
        corners = [self.to_xy(u, v) for u in (rect.u0, rect.u1) for v in (rect.v0, rect.v1)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), max(xs), min(ys), max(ys)
