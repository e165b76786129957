"""Estimate the statistics of images in one streaming pass and keep them in a file."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import JobError, OutputError
from engine.jobs.stats import StatsJob
from engine.partial import Claim
from engine.progress import CancelCallback, Progress, ProgressCallback, ProgressMeter
from engine.tasks.inputs import (
    STATISTICS_FORMAT,
    detect_inputs,
    estimate,
    grid_of,
    radiometry_of,
    radiometry_record,
    refuse_to_overwrite_inputs,
    sample,
)


@dataclass(frozen=True)
class StatsResult:
    """The file written, and for each image its name and number of bands."""

    output: str
    images: tuple[tuple[str, int], ...]

    def summary(self) -> str:
        """One line for a terminal."""
        measured = ", ".join(f"{count} bands of {name}" for name, count in self.images)
        return f"Wrote {self.output}: {measured}."


def run(
    job: StatsJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> StatsResult:
    """Measures every enabled band on the common grid and writes the file; raises SmartiesErrors."""
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    if not job.output:
        raise JobError("No output was named.", "Name the JSON file to write.")
    output = Path(job.output)
    if output.exists() and not job.overwrite:
        raise OutputError(f"{output} exists already.", "Choose another name, or allow overwriting (--overwrite).")
    if not output.parent.is_dir():
        raise OutputError(f"The folder {output.parent} does not exist.", "Create it or choose another folder.")
    detected = detect_inputs(job)
    refuse_to_overwrite_inputs(output, detected)
    grid = grid_of(job, detected)
    records = []
    for number, each in enumerate(detected):

        def share(event: Progress, number: int = number) -> None:
            meter.update((number + event.fraction) / len(detected), event.message)

        radiometry = radiometry_of(each, sample(each, grid, stopped), estimated=True).select(each.band_numbers)
        measured = estimate(each, grid, radiometry, share, stopped)
        records.append(
            {
                "name": each.image.title,
                "sensor": each.sensor.name if each.sensor else None,
                "radiometry": radiometry_record(radiometry),
                **json.loads(measured.to_json()),
            }
        )
    text = json.dumps({"smarties_statistics": STATISTICS_FORMAT, "images": records}, indent=1, ensure_ascii=False)
    try:
        with Claim(output) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
            temporary.replace(output)
    except OSError as error:
        raise OutputError(f"{output} cannot be written ({error.strerror}).", "Choose another folder.") from error
    return StatsResult(str(output), tuple((each.image.title, len(each.band_numbers)) for each in detected))


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``StatsJob``."""
    return dataclasses.asdict(run(StatsJob.from_dict(params), progress, cancelled))
