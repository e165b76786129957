"""From stored numbers to what the model was trained on, on the device that runs the model."""

from __future__ import annotations

import torch

from engine.raster.radiometry import Radiometry
from engine.raster.statistics import BandStatistics


class Harmoniser:
    """Harmonise the C bands of one sensor: unit, percentile clip, standardisation (METHOD, section 4).

    x = gain·raw + bias, then 10·log10 of it where asked; y = clip((x − p1)/(p99 − p1), 0, 1);
    z = (y − mean)/std. Raises ValueError where radiometry and statistics are of different
    numbers of bands.
    """

    def __init__(self, radiometry: Radiometry, statistics: BandStatistics, device: torch.device | str) -> None:
        if len(radiometry.gain) != len(statistics.names):
            raise ValueError(f"radiometry of {len(radiometry.gain)} bands, statistics of {len(statistics.names)}")
        self.device = torch.device(device)
        starts, slopes = [], []
        for gain, bias, log10, p1, p99 in zip(
            radiometry.gain, radiometry.bias, radiometry.log10, statistics.p1, statistics.p99, strict=True
        ):
            # Without a logarithm all is one step; the start is taken off first, where float32 is exact.
            starts.append(p1 if log10 else (p1 - bias) / gain)
            slopes.append(1 / (p99 - p1) if log10 else gain / (p99 - p1))
        self._start, self._slope = self._column(starts), self._column(slopes)
        self._mean, self._std = self._column(statistics.mean), self._column(statistics.std)
        self._decibels = [
            (band, gain, bias)
            for band, (gain, bias, log10) in enumerate(
                zip(radiometry.gain, radiometry.bias, radiometry.log10, strict=True)
            )
            if log10
        ]

    def _column(self, values: list[float] | tuple[float, ...]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device).view(1, -1, 1, 1)

    @property
    def bands(self) -> int:
        """Number of bands C."""
        return self._start.shape[1]

    def __call__(self, values: torch.Tensor, valid: torch.Tensor | None) -> torch.Tensor:
        """Harmonise stored ``values`` (B, C, h, w) of any real dtype: float32 (B, C, h, w) on the device.

        Pixels not ``valid`` (B, h, w; bool; None where all are) become 0, which is the mean, and so does NaN. A
        measured value ≤ 0 under the logarithm is taken for the lowest, p1. ``values`` stay as
        they are. Raises ValueError for another number of bands.
        """
        if values.shape[1] != self.bands:
            raise ValueError(f"{values.shape[1]} bands given, {self.bands} expected")
        # The move comes before the conversion: uint8 and uint16 are a quarter and half of float32 on the way.
        harmonised = values.to(self.device, non_blocking=True).to(torch.float32, copy=True)
        for band, gain, bias in self._decibels:
            # A logarithm of 0 is −inf, which the clip takes to p1.
            linear = harmonised[:, band].mul_(gain).add_(bias).clamp_(min=0)
            linear.log10_().mul_(10)
        harmonised.sub_(self._start).mul_(self._slope).clamp_(0, 1)
        harmonised.sub_(self._mean).div_(self._std)
        if valid is not None:
            harmonised.masked_fill_(~valid.to(self.device, non_blocking=True).unsqueeze(1), 0.0)
        # Integers hold no NaN, and the steps above make none.
        return harmonised.nan_to_num_(nan=0.0) if values.is_floating_point() else harmonised
