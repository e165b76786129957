"""All scenes on Ray: who is idle gets the next one, who is lost is replaced."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator

import ray
import torch

import engine
from engine.errors import CancelledError, EngineEnvironmentError, LostWorkerError
from engine.jobs.embed_many import EmbedManyJob
from engine.log import LOGGER
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.scale.outcome import FAILED, LOST, Outcome
from engine.scale.ray_session import ray_cluster, ray_here
from engine.scale.remote_pixels import LOST as LOST_ERRORS
from engine.scale.results_folder import ResultsFolder
from engine.scale.scene_queue import SceneQueue
from engine.scale.shape import Shape, shape_here, shape_of_cluster
from engine.scale.worker import Worker

#: How long the loop waits for an answer before it looks at everything else.
_TURN_S = 0.5
#: What cancelled workers have to leave their tile and remove what they began.
_GRACE_S = 30.0
#: Between two looks at scenes that another run is making.
_LOOK_AGAIN_S = 2.0
#: A run ends when so many workers in a row were lost before they could begin.
_MOST_FAILED_STARTS = 6


def run_on_ray(
    job: EmbedManyJob, queue: SceneQueue, folder: ResultsFolder, progress: ProgressCallback, cancelled: CancelCallback
) -> None:
    """Runs the queue's scenes on this machine, or on the cluster of the job.

    Raises CancelledError, JobError for a cluster that is not there or too small, LostWorkerError where no worker can
    be started.
    """
    progress(Progress(0, "Starting Ray"))
    with _session(job, queue.total) as shape:
        LOGGER.info("%s", shape)
        _Run(job, queue, folder, shape).run(progress, cancelled)


@contextlib.contextmanager
def _session(job: EmbedManyJob, scenes: int) -> Iterator[Shape]:
    if job.address:
        with ray_cluster(job.address):
            nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
            yield shape_of_cluster(job, scenes, nodes)
        return
    gpus = torch.cuda.device_count()
    # The processors this process may use: a batch system may have given it fewer than there are.
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shape = shape_here(job, scenes, cpus, gpus)
    with ray_here(shape.cpus, gpus if shape.encoder_gpu else 0):
        yield shape


class _Run:
    """One run: its workers, and who of them is at what."""

    def __init__(self, job: EmbedManyJob, queue: SceneQueue, folder: ResultsFolder, shape: Shape) -> None:
        self._job = job
        self._queue = queue
        self._folder = str(folder.path)
        self._shape = shape
        self._failed_starts = 0
        self._look_again = 0.0
        self._workers = [self._new_worker() for _ in range(shape.workers)]

    def run(self, progress: ProgressCallback, cancelled: CancelCallback) -> None:
        """Until every scene is settled. Raises CancelledError and the errors of workers that do not start."""
        while not self._queue.is_done:
            if cancelled():
                self._cancel()
                raise CancelledError("Cancelled.")
            self._begin_scenes()
            answers = {worker.answer: worker for worker in self._workers if worker.answer is not None}
            if not answers:
                time.sleep(_TURN_S)
            for answer in ray.wait(list(answers), timeout=_TURN_S)[0] if answers else ():
                self._take(answers[answer])
            progress(self._progress())

    def _new_worker(self) -> Worker:
        return Worker(self._shape, self._folder, self._job.overwrite)

    def _begin_scenes(self) -> None:
        for worker in self._workers:
            if not worker.is_idle or (self._queue.only_waits and time.monotonic() < self._look_again):
                continue
            scene = self._queue.next()
            if scene is None:
                return
            # All workers are alike; what a GPU would make is not mixed with what a processor makes.
            worker.begin(dataclasses.replace(scene, job=dataclasses.replace(scene.job, device=self._shape.device)))

    def _take(self, worker: Worker) -> None:
        scene = worker.scene
        try:
            outcome = worker.take()
        except LOST_ERRORS as error:
            LOGGER.warning("a worker on %s was lost: %s", worker.machine or "an unknown machine", error)
            if scene is None:
                self._count_failed_start(error)
            else:
                sentence = "The process that ran the model ended unexpectedly."
                self._queue.take(Outcome(scene.name, LOST, sentence, machine=worker.machine))
            self._replace(worker)
            return
        except ray.exceptions.RayTaskError as error:
            # A defect of ours: what could not be told as an outcome.
            if scene is None:
                raise LostWorkerError(f"A worker cannot be started: {type(error.cause).__name__}.") from error
            sentence = f"Something unforeseen happened ({type(error.cause).__name__}); the traceback is in the log."
            self._queue.take(Outcome(scene.name, FAILED, sentence, machine=worker.machine, trace=str(error)))
            self._replace(worker)
            return
        if outcome is None:
            self._failed_starts = 0
            self._check_engine(worker)
            return
        self._queue.take(outcome)
        if self._queue.only_waits:
            self._look_again = time.monotonic() + _LOOK_AGAIN_S
        if outcome.status == LOST:
            # Its reader is gone: both are begun anew.
            self._replace(worker)

    def _replace(self, worker: Worker) -> None:
        worker.end()
        self._workers[self._workers.index(worker)] = self._new_worker()

    def _count_failed_start(self, error: Exception) -> None:
        self._failed_starts += 1
        if self._failed_starts >= _MOST_FAILED_STARTS:
            raise LostWorkerError(
                f"{self._failed_starts} workers in a row ended before they could begin a scene.",
                "Check the memory of the machines and that the engine is installed on each; the log tells more.",
            ) from error

    @staticmethod
    def _check_engine(worker: Worker) -> None:
        theirs = worker.greeting.engine if worker.greeting else engine.__version__
        if theirs != engine.__version__:
            raise EngineEnvironmentError(
                f"{worker.machine} has version {theirs} of the engine, this machine has {engine.__version__}.",
                "Install the same on all machines.",
            )

    def _progress(self) -> Progress:
        at_work = sum(worker.scene is not None for worker in self._workers)
        done = self._queue.settled + sum(worker.fraction() for worker in self._workers)
        message = f"{self._queue.settled} of {self._queue.total} scenes, {at_work} at work"
        if not any(worker.greeting for worker in self._workers):
            message = "Waiting for workers to start"
        return Progress(min(1.0, done / max(1, self._queue.total)), message)

    def _cancel(self) -> None:
        """Lets workers remove what they began; those that do not answer in time are ended with the session."""
        busy = [worker for worker in self._workers if worker.scene is not None]
        for worker in busy:
            worker.stop()
        if busy:
            ray.wait([worker.answer for worker in busy], num_returns=len(busy), timeout=_GRACE_S)
