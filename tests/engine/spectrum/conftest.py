"""Raster metadata as sources makes them, in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from engine.spectrum.raster_metadata import RasterMetadata

MakeRaster = Callable[..., RasterMetadata]


@pytest.fixture(scope="session")
def raster() -> MakeRaster:
    """Metadata of a raster; only what a test is about needs to be given."""

    def make(
        names: Sequence[str | None] = (),
        count: int | None = None,
        name: str = "scene.tif",
        parents: Sequence[str] = (),
        dtype: str = "uint16",
        tags: Mapping[str, Mapping[str, str]] | None = None,
        band_tags: Sequence[Mapping[str, Mapping[str, str]]] | None = None,
        colours: Sequence[str | None] | None = None,
        sidecars: Mapping[str, str] | None = None,
    ) -> RasterMetadata:
        total = count or len(names) or len(band_tags or ()) or len(colours or ())
        return RasterMetadata(
            name=name,
            parents=tuple(parents),
            band_count=total,
            dtypes=(dtype,) * total,
            tags=tags or {},
            band_tags=tuple(band_tags) if band_tags is not None else ({},) * total,
            band_names=tuple(names) if names else (None,) * total,
            colours=tuple(colours) if colours is not None else ("gray",) + ("undefined",) * (total - 1),
            sidecars=sidecars or {},
        )

    return make
