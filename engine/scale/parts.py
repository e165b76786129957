"""One share of the scenes in this process, without Ray: a task of a SLURM array, or any machine by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping

from engine.errors import JobError
from engine.jobs.embed_many import PART_OF_SLURM, EmbedManyJob
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.scale.results_folder import ResultsFolder
from engine.scale.scene_queue import SceneQueue
from engine.scale.scene_run import KeptEncoder, run_scene
from engine.tasks.pixels import LocalPixels

#: Between two looks at scenes that another run is making.
_LOOK_AGAIN_S = 2.0


def part_of(job: EmbedManyJob, environment: Mapping[str, str]) -> tuple[int, int]:
    """Number, from 1, and count of the job's part; "slurm" is read from the ``environment`` of an array's task.

    Raises JobError for a text that is no part, outside an array, or for an array of scattered numbers.
    """
    if job.part != PART_OF_SLURM:
        return job.numbered_part()
    names = ("ID", "MIN", "MAX", "COUNT")
    try:
        task, first, last, count = (int(environment[f"SLURM_ARRAY_TASK_{name}"]) for name in names)
    except (KeyError, ValueError) as error:
        raise JobError(
            "SLURM's array variables are not set: this is no task of an array.",
            "Submit with sbatch --array=1-10, or give the part yourself, such as --part 3/10.",
        ) from error
    step, rest = divmod(last - first, max(1, count - 1))
    if rest or (count > 1 and step and (task - first) % step):
        raise JobError(
            f"The array's {count} tasks from {first} to {last} are not evenly numbered: no part can be told from that.",
            "Submit --array=1-N again, what is done is skipped, or give the part yourself, such as --part 3/10.",
        )
    return (task - first) // max(1, step) + 1, count


def run_part(
    job: EmbedManyJob, queue: SceneQueue, folder: ResultsFolder, progress: ProgressCallback, cancelled: CancelCallback
) -> None:
    """Runs the queue's scenes one after the other, the model loaded once. Raises CancelledError."""
    kept = KeptEncoder()
    while (scene := queue.next()) is not None:
        settled = queue.settled

        def show(event: Progress, settled: int = settled, name: str = scene.name) -> None:
            fraction = min(1.0, (settled + event.fraction) / queue.total)
            message = f"Scene {settled + 1} of {queue.total}: {name}"
            # Of a scene's own messages this one alone is told: without it a slow disk looks like a run that hangs.
            message = f"{message}. {event.message}" if event.waiting else message
            progress(Progress(fraction, message, waiting=event.waiting))

        queue.take(run_scene(scene, folder, job.overwrite, LocalPixels(), kept, show, cancelled))
        until = time.monotonic() + _LOOK_AGAIN_S if queue.only_waits else 0.0
        while time.monotonic() < until and not cancelled():
            time.sleep(0.1)
