"""Embed many scenes: check all of them, then run a part here, or everything on Ray."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from engine.errors import CancelledError, SmartiesError
from engine.jobs.embed_many import EmbedManyJob
from engine.log import LOGGER
from engine.progress import CancelCallback, ProgressCallback, ProgressMeter
from engine.scale.outcome import Outcome
from engine.scale.parts import part_of, run_part
from engine.scale.ray_session import require_ray
from engine.scale.report import Report, Summary
from engine.scale.results_folder import ResultsFolder
from engine.scale.scene_queue import SceneQueue
from engine.scale.scenes import Scene, read_scenes, share
from engine.tasks.embed_setup import set_up


def run(
    job: EmbedManyJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> Summary:
    """Runs the job and tells what became of its scenes.

    A scene that fails is in the summary and stops no other. Raises ManifestError before anything is begun, JobError
    for impossible settings, EngineEnvironmentError without Ray, OutputError for a folder that cannot be written to,
    LostWorkerError where no worker can be started, and CancelledError: what was done until then stays.
    """
    started = time.monotonic()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    scenes, name = _own_scenes(job)
    folder = ResultsFolder(job.output)
    with Report(folder.path / name, len(scenes)) as report:

        def tell(outcome: Outcome) -> None:
            if outcome.trace:
                LOGGER.error("%s on %s:\n%s", outcome.name, outcome.machine, outcome.trace)
            report.add(outcome)

        queue = SceneQueue(scenes, job.attempts, tell)
        try:
            if job.part:
                run_part(job, queue, folder, meter.part(0, 1), stopped)
            else:
                # Here, because Ray takes seconds to import and need not be installed for a part.
                require_ray()
                from engine.scale.cluster import run_on_ray

                run_on_ray(job, queue, folder, meter.part(0, 1), stopped)
        except CancelledError as error:
            raise CancelledError(
                f"Cancelled: {queue.settled} of {queue.total} scenes are settled and stay.",
                "The same command again goes on from there.",
            ) from error
        meter.update(1, "All scenes settled")
        return report.summary(time.monotonic() - started)


def check(
    job: EmbedManyJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> tuple[str, int]:
    """What a run would meet, as text, and how many scenes would fail.

    Every scene's rasters are opened, no pixel is read, nothing is written. Raises as ``run`` for a
    manifest that cannot be run.
    """
    job.check()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    scenes, _ = _own_scenes(job)
    troubles = []
    for number, scene in enumerate(scenes):
        if stopped():
            raise CancelledError("Cancelled; nothing was begun.")
        troubles += _trouble(scene)
        meter.update((number + 1) / len(scenes), f"Looking at scene {number + 1} of {len(scenes)}")
    found = f"{len(troubles)} would fail:" if troubles else "all can be run."
    return "\n".join([f"{len(scenes)} scenes, {found}", *troubles]), len(troubles)


def _own_scenes(job: EmbedManyJob) -> tuple[Sequence[Scene], str]:
    """The scenes of this run, all or a part, and the name of its report."""
    scenes = read_scenes(job)
    if not job.part:
        return scenes, "report.jsonl"
    number, count = part_of(job, os.environ)
    return share(scenes, number, count), f"report-{number}-of-{count}.jsonl"


def _trouble(scene: Scene) -> list[str]:
    job = scene.job
    try:
        # The outputs' folder need not be there yet, and what is in it is the run's to judge.
        set_up(type(job)(**{**vars(job), "output": "", "picture": ""}))
    except SmartiesError as error:
        return [f"  line {scene.line}, {scene.name}: {error}"]
    return []
