"""From bands to learnt layers: which layer speaks for a band, with what weight, and how well it fits.

Each enabled band becomes one `Assignment`: learnt layers with weights that sum to 1, and a
verdict an analyst can read:

- ``seen``: the layer was learnt for this very band, or for wavelengths that are the same.
- ``near``: the band's centre lies in the layer's learnt range, but the band is another one.
- ``interpolated``: the centre lies in no learnt range, but close to one; two layers are mixed.
- ``outside``: far from all that was learnt; refused unless the user allows it.

Radar is never interpolated: C-band VV and VH have their layers, all else is refused
(METHOD, sections 1 and 3). Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ..errors import BandTableError, UnknownBandError
from .bands import Band
from .layers import (
    DERIVED_BY_KEY,
    DERIVED_RANGES,
    LAYER_BY_KEY,
    LAYERS,
    SPECTRUM_MAX_NM,
    SPECTRUM_MIN_NM,
    DerivedRange,
    Layer,
)
from .refusals import beyond_error, far_error, unknown_error
from .table import band_from_dict, band_to_dict

MODES = ("log", "linear", "nearest", "released")
VERDICTS = ("seen", "near", "interpolated", "outside")

#: The Sentinel-1 layers answer for C band from here up to the end of the spectrum.
C_BAND_MIN_NM = 5.4e7

#: A band this close to a learnt (or derived) range, as a ratio of wavelengths, is interpolated without asking.
#: 8 % lets the thermal bands of TM, ETM+, TIRS, ASTER 13–14 and MODIS 31–32 run (9815–12085 nm around
#: thermal_infrared_1) and keeps out cirrus: 1375 nm is 10 % below the first SWIR range.
NEAR_RATIO = 1.08

#: How alike two ranges must be for `seen`: intersection over union, and distance of the centres over the learnt
#: width. A band's FWHM is about half the support of its response: Sentinel-2's own bands by FWHM reach an
#: intersection over union of 0.47–0.52, with centres that differ by up to 4.8 % of the width between its satellites.
SEEN_OVERLAP = 0.45
SEEN_CENTRE = 0.05

#: In mode `released`, how alike a band must be to a range of the released configuration that has no layer of its own.
DERIVED_OVERLAP = 0.8
DERIVED_CENTRE = 0.01

#: Above this no visible band has its centre: the end of the learnt red.
VISIBLE_MAX_NM = 710.0

SENTINEL2, RGB = "sentinel-2", "rgb"

Weights = Tuple[Tuple[int, float], ...]

_OPTICAL: Tuple[Layer, ...] = tuple(
    sorted((layer for layer in LAYERS if layer.polarisation is None), key=lambda layer: layer.centre_nm)
)
_RADAR: Mapping[str, Layer] = {layer.polarisation: layer for layer in LAYERS if layer.polarisation is not None}


@dataclass(frozen=True)
class Assignment:
    """A band and the learnt layers that speak for it.

    ``weights`` are (layer index, weight), largest first, sum 1; empty where no layer may
    speak at all (verdict `outside`, beyond the spectrum or uncovered radar). ``overlap`` is
    the share of the band's range inside the learnt ranges it maps to, 0 to 1 (for a band
    without range: whether its centre is). ``distance_nm`` is from the band's centre to the
    nearest learnt range, 0 inside one or where its wavelength is not known; for a band with a
    given layer, to that layer's range.
    """

    band: Band
    weights: Weights
    verdict: str
    overlap: float
    distance_nm: float
    mode: str

    @property
    def layer_keys(self) -> Tuple[str, ...]:
        """The keys of the layers, largest weight first."""
        return tuple(LAYERS[index].key for index, _ in self.weights)

    @property
    def summary(self) -> str:
        """Layers and weights in words: "red_2", "short_wave_infrared_4 0.842 + microwave_1 0.158", "–" for none."""
        if len(self.weights) < 2:
            return "".join(self.layer_keys) or "–"
        return " + ".join(f"{LAYERS[index].key} {_share(weight)}" for index, weight in self.weights)

    def to_dict(self) -> Dict[str, Any]:
        """All but the band as JSON values: verdict, layers in words, weights by key, overlap, distance, mode."""
        return {
            "verdict": self.verdict,
            "layers": self.summary,
            "weights": {LAYERS[index].key: weight for index, weight in self.weights},
            "overlap": self.overlap,
            "distance_nm": self.distance_nm,
            "mode": self.mode,
        }

    def to_json(self) -> Dict[str, Any]:
        """The whole assignment as JSON values, from which `from_json` makes it again."""
        return {"band": band_to_dict(self.band), **self.to_dict()}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Assignment:
        """The assignment that `to_json` wrote. Raises BandTableError for anything else."""
        try:
            weights = tuple((LAYER_BY_KEY[key].index, float(weight)) for key, weight in values["weights"].items())
            verdict, mode = values["verdict"], values["mode"]
            if verdict not in VERDICTS or mode not in MODES:
                raise ValueError(verdict)
            overlap, distance_nm = float(values["overlap"]), float(values["distance_nm"])
            return Assignment(band_from_dict(values["band"]), weights, verdict, overlap, distance_nm, mode)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BandTableError(
                f"This is no assignment of a band: {values!r:.200}.", "Describe the image again."
            ) from error


def assign(
    bands: Sequence[Band], mode: str = "log", allow_outside: bool = False, family: Optional[str] = None
) -> Tuple[Assignment, ...]:
    """The learnt layers of the enabled ``bands``, in their order.

    ``mode`` is one of MODES. ``allow_outside`` lets bands far from every learnt range run
    (between 422 nm and the thermal infrared; never beyond the spectrum, never radar).
    ``family`` is that of the sensor, "sentinel-2" or "rgb": which learnt layers to prefer
    where both have one for a wavelength. None: RGB for an image whose enabled optical
    bands are one to three visible ones, else Sentinel-2.

    Raises UnknownBandError (no wavelength, no polarisation), OutsideSpectrumError (no layer
    can speak for it), BandTableError (no band enabled, unknown layer). They name every
    band concerned.
    """
    enabled = [band for band in bands if band.enabled]
    if not enabled:
        raise BandTableError("No band is switched on.", "Switch on at least one band in the band table.")
    unknown = [band for band in enabled if _lacks(band)]
    if unknown:
        raise unknown_error(unknown)
    family = family_of(enabled, family)
    found = tuple(verdict_of(band, mode, family) for band in enabled)
    lost = [each.band for each in found if not each.weights]
    if lost:
        raise beyond_error(lost)
    far = [each for each in found if each.verdict == "outside"]
    if far and not allow_outside:
        raise far_error([(each.band, each.distance_nm) for each in far])
    return found


def verdict_of(band: Band, mode: str = "log", family: Optional[str] = None) -> Assignment:
    """The assignment of one band, enabled or not; a far band is told (`outside`), not refused.

    ``family`` None means "sentinel-2". Raises UnknownBandError for a band without
    wavelength or polarisation, BandTableError for an unknown layer or mode.
    """
    if mode not in MODES:
        raise BandTableError(f"There is no interpolation {mode!r}.", f"Use one of {', '.join(MODES)}.")
    if band.layer is not None:
        return _by_layer(band, mode)
    if _lacks(band):
        raise unknown_error([band])
    if band.is_radar:
        return _radar(band, mode)
    assert band.centre_nm is not None, "_lacks() refuses an optical band without wavelength"  # nosec B101: for mypy
    return _optical(band, band.centre_nm, mode, family if family == RGB else SENTINEL2)


def assignment_for_key(key: str) -> Assignment:
    """The assignment of a layer or derived range by its ``key``.

    "blue_1" is that layer alone (`seen`); "blue_2" and "thermal_infrared_1", which have no
    parameters of their own, are mixed by the released formula. Raises UnknownBandError.
    """
    layer = LAYER_BY_KEY.get(key)
    if layer is not None:
        band = Band(layer.sensor_band, layer.centre_nm, layer.min_nm, layer.max_nm, layer.polarisation, key)
        return Assignment(band, ((layer.index, 1.0),), "seen", 1.0, 0.0, "log")
    derived = DERIVED_BY_KEY.get(key)
    if derived is None:
        known = ", ".join((*LAYER_BY_KEY, *DERIVED_BY_KEY))
        raise UnknownBandError(f"There is no layer {key!r}.", f"The layers are {known}.")
    band = Band(derived.sensor_band, derived.centre_nm, derived.min_nm, derived.max_nm)
    return _assignment(band, _derived_weights(derived), "interpolated", "released")


# -- one band -------------------------------------------------------------------------------------


def _by_layer(band: Band, mode: str) -> Assignment:
    """A layer the catalogue or the user names: honoured, and the true distance told."""
    layer = LAYER_BY_KEY.get(band.layer or "")
    if layer is None:
        raise BandTableError(
            f"Band {band.name} names the layer {band.layer!r}, which does not exist.",
            f"The layers are {', '.join(LAYER_BY_KEY)}.",
        )
    distance = 0.0 if band.centre_nm is None else _distance_to(band.centre_nm, layer)
    same_polarisation = band.polarisation in (None, layer.polarisation)
    verdict = "seen" if distance == 0 and same_polarisation else "near"
    overlap = 1.0 if band.centre_nm is None else _overlap(band, [layer])
    return Assignment(band, ((layer.index, 1.0),), verdict, overlap, distance, mode)


def _radar(band: Band, mode: str) -> Assignment:
    """C-band VV and VH; every other radar band comes back without weights."""
    layer = _RADAR.get(band.polarisation or "")
    if band.centre_nm is None:
        # HH and HV are refused whatever their wavelength.
        return Assignment(band, (), "outside", 0.0, 0.0, mode)
    if layer is None or not C_BAND_MIN_NM <= band.centre_nm <= SPECTRUM_MAX_NM:
        return _assignment(band, (), "outside", mode)
    verdict = "seen" if _distance_to(band.centre_nm, layer) == 0 else "near"
    return _assignment(band, ((layer.index, 1.0),), verdict, mode)


def _optical(band: Band, centre_nm: float, mode: str, family: str) -> Assignment:
    if not SPECTRUM_MIN_NM <= centre_nm <= SPECTRUM_MAX_NM:
        return _assignment(band, (), "outside", mode)
    if mode == "released":
        derived = _derived_like(band, centre_nm)
        if derived is not None:
            return _assignment(band, _derived_weights(derived), "interpolated", mode)
    inside = [layer for layer in _OPTICAL if layer.min_nm <= centre_nm <= layer.max_nm]
    if inside:
        # The other family's layer speaks only where the preferred one learnt nothing.
        preferred = [layer for layer in inside if (layer.sensor == "RGB") == (family == RGB)]
        layer = min(preferred or inside, key=lambda each: abs(each.centre_nm - centre_nm))
        return _assignment(band, ((layer.index, 1.0),), "seen" if _same_band(band, layer) else "near", mode)
    ranges = [(layer.min_nm, layer.max_nm) for layer in _OPTICAL]
    ranges += [(derived.min_nm, derived.max_nm) for derived in DERIVED_RANGES]
    close = any(low / NEAR_RATIO <= centre_nm <= high * NEAR_RATIO for low, high in ranges)
    return _assignment(band, _mixed(centre_nm, mode), "interpolated" if close else "outside", mode)


def _assignment(band: Band, weights: Weights, verdict: str, mode: str) -> Assignment:
    ordered = tuple(sorted(weights, key=lambda entry: -entry[1]))
    overlap = _overlap(band, [LAYERS[index] for index, _ in ordered])
    # Layers of the other polarisation, or of radar for an optical band, are no neighbours in the spectrum.
    layers = [layer for layer in LAYERS if (layer.polarisation is not None) == band.is_radar]
    assert band.centre_nm is not None, "bands without wavelength do not come here"  # nosec B101: for the type checker
    distance = min(_distance_to(band.centre_nm, layer) for layer in layers)
    return Assignment(band, ordered, verdict, overlap, distance, mode)


# -- weights --------------------------------------------------------------------------------------


def _mixed(centre_nm: float, mode: str) -> Weights:
    """Weights of the two learnt centres around an optical wavelength; VV ends the spectrum on the upper side."""
    below = max((layer for layer in _OPTICAL if layer.centre_nm <= centre_nm), key=lambda each: each.centre_nm)
    above = min(
        (layer for layer in (*_OPTICAL, _RADAR["VV"]) if layer.centre_nm > centre_nm), key=lambda each: each.centre_nm
    )
    upper = (centre_nm - below.centre_nm) / (above.centre_nm - below.centre_nm)
    if mode == "log":
        upper = math.log(centre_nm / below.centre_nm) / math.log(above.centre_nm / below.centre_nm)
    elif mode == "nearest":
        upper = 1.0 if upper > 0.5 else 0.0
    elif mode == "released":
        # The released code weighs each layer by its own distance: the farther one more.
        upper = 1 - upper
    return tuple((layer.index, share) for layer, share in ((below, 1 - upper), (above, upper)) if share > 0)


def _derived_weights(derived: DerivedRange) -> Weights:
    """The released formula, w_j = |λ − λ_j| / Σ_k |λ − λ_k|, at the derived range's own centre."""
    distances = {index: abs(derived.centre_nm - LAYERS[index].centre_nm) for index in derived.neighbours}
    total = sum(distances.values())
    return tuple((index, distance / total) for index, distance in distances.items())


def _derived_like(band: Band, centre_nm: float) -> Optional[DerivedRange]:
    """The derived range this band is, by its range where it is known, else by its centre."""
    for derived in DERIVED_RANGES:
        if band.min_nm is not None and band.max_nm is not None:
            if _likeness(band.min_nm, band.max_nm, derived.min_nm, derived.max_nm) >= DERIVED_OVERLAP:
                return derived
        elif abs(centre_nm / derived.centre_nm - 1) <= DERIVED_CENTRE:
            return derived
    return None


# -- likeness -------------------------------------------------------------------------------------


def _same_band(band: Band, layer: Layer) -> bool:
    """True where wavelengths alone say that this is the band the layer was learnt from (see SEEN_OVERLAP)."""
    assert band.centre_nm is not None  # nosec B101: for the type checker
    width = layer.max_nm - layer.min_nm
    if abs(band.centre_nm - layer.centre_nm) > SEEN_CENTRE * width:
        return False
    if band.min_nm is None or band.max_nm is None:
        return True
    return _likeness(band.min_nm, band.max_nm, layer.min_nm, layer.max_nm) >= SEEN_OVERLAP


def _likeness(min_a: float, max_a: float, min_b: float, max_b: float) -> float:
    """Intersection over union of two ranges."""
    union = max(max_a, max_b) - min(min_a, min_b)
    return max(0.0, min(max_a, max_b) - max(min_a, min_b)) / union if union > 0 else 0.0


def _overlap(band: Band, layers: Sequence[Layer]) -> float:
    if band.min_nm is None or band.max_nm is None or band.max_nm <= band.min_nm:
        centre = band.centre_nm
        return float(centre is not None and any(_distance_to(centre, layer) == 0 for layer in layers))
    shared = (min(band.max_nm, layer.max_nm) - max(band.min_nm, layer.min_nm) for layer in layers)
    return min(1.0, sum(max(0.0, part) for part in shared) / (band.max_nm - band.min_nm))


def _distance_to(centre_nm: float, layer: Layer) -> float:
    return max(0.0, layer.min_nm - centre_nm, centre_nm - layer.max_nm)


def family_of(bands: Sequence[Band], family: Optional[str] = None) -> str:
    """Which learnt layers to prefer for an image: the ``family`` of its sensor where it is one of the two.

    Else "rgb" for an image of at most three bands that are all visible, and "sentinel-2" for any other.
    """
    if family in (SENTINEL2, RGB):
        return family
    enabled = [band for band in bands if band.enabled]
    optical = [band.centre_nm for band in enabled if not band.is_radar and band.centre_nm is not None]
    return RGB if 1 <= len(optical) <= 3 and all(centre < VISIBLE_MAX_NM for centre in optical) else SENTINEL2


def _lacks(band: Band) -> bool:
    """True where neither wavelength nor layer is known, or a radar band's polarisation is not.

    HH and HV are refused whatever their wavelength: they lack nothing.
    """
    if band.layer is not None:
        return False
    if band.is_radar and band.polarisation is not None and band.polarisation not in _RADAR:
        return False
    return band.centre_nm is None or (band.is_radar and band.polarisation is None)


def _share(weight: float) -> str:
    return f"{weight:.3f}" if 0.001 <= weight <= 0.999 else f"{weight:.5f}"
