"""How many workers the machines hold, and what each needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.errors import DeviceError, JobError
from engine.jobs.embed_many import EmbedManyJob

#: Without a GPU a small model gains little from more threads than these: more workers do.
_ENCODER_CPUS = 4
#: More processors than these decode faster than a GPU takes.
_READER_CPUS = 8


@dataclass(frozen=True)
class Shape:
    """``workers`` pairs of an encoder and a reader, and the processors and the share of a GPU that each needs."""

    workers: int
    encoder_cpus: int
    reader_cpus: int
    encoder_gpu: float

    @property
    def device(self) -> str:
        """What an encoder computes on, for ``ComputeJob.device``."""
        return "cuda" if self.encoder_gpu else "cpu"

    @property
    def bundles(self) -> list[dict[str, float]]:
        """What Ray reserves for a worker: for its encoder, for its reader."""
        gpu = {"GPU": self.encoder_gpu} if self.encoder_gpu else {}
        return [{"CPU": self.encoder_cpus, **gpu}, {"CPU": self.reader_cpus}]

    @property
    def cpus(self) -> int:
        """Processors of all workers together."""
        return self.workers * (self.encoder_cpus + self.reader_cpus)


def shape_here(job: EmbedManyJob, scenes: int, cpus: int, gpus: int) -> Shape:
    """The workers of one machine with so many processors and GPUs.

    Readers wait for disks most of the time: beside encoders without a GPU they get no processor of their own. Raises
    DeviceError for a GPU that is asked for and not there.
    """
    gpus = _gpus(job, gpus)
    if gpus:
        workers = min(job.workers or gpus * job.workers_per_gpu, scenes)
        readers = min(_READER_CPUS, (cpus - workers) // workers)
        return Shape(max(1, workers), 1, job.reader_cpus or max(1, readers), _gpu_share(job))
    threads = job.encoder_cpus or (cpus // job.workers if job.workers else min(cpus, _ENCODER_CPUS))
    threads = max(1, threads)
    workers = max(1, min(job.workers or cpus // threads, scenes))
    return Shape(workers, threads, job.reader_cpus or 1, 0.0)


def shape_of_cluster(job: EmbedManyJob, scenes: int, nodes: Sequence[Mapping[str, float]]) -> Shape:
    """The workers that a cluster of ``nodes`` (their resources, as Ray counts them) holds.

    Raises DeviceError for a GPU that is asked for and not there, JobError where no node has room for an encoder or a
    reader.
    """
    cpus = [int(node.get("CPU", 0)) for node in nodes]
    gpus = _gpus(job, sum(int(node.get("GPU", 0)) for node in nodes))
    largest = max(cpus, default=0)
    if gpus:
        share, threads = _gpu_share(job), 1
        fitting = gpus * job.workers_per_gpu
        readers = job.reader_cpus or max(1, min(_READER_CPUS, largest - 1, sum(cpus) // fitting - 1))
    else:
        share, readers = 0.0, job.reader_cpus or 1
        threads = job.encoder_cpus or max(1, min(_ENCODER_CPUS, largest - readers))
        fitting = sum(count // (threads + readers) for count in cpus)
    if largest < max(threads, readers):
        raise JobError(
            f"A worker needs {max(threads, readers)} processors in one machine; the largest of the cluster's "
            f"{len(cpus)} machines has {largest}.",
            "Ask for fewer (--encoder-cpus, --reader-cpus), or join larger machines.",
        )
    return Shape(max(1, min(job.workers or fitting, scenes)), threads, readers, share)


def _gpus(job: EmbedManyJob, found: int) -> int:
    device = str(job.settings.get("device", "auto"))
    if device.startswith("cuda") and not found:
        raise DeviceError("CUDA was asked for, but no GPU was found.", "Choose the device auto or cpu.")
    return 0 if device == "cpu" else found


def _gpu_share(job: EmbedManyJob) -> float:
    # Ray counts to four digits; three thirds must not be more than one.
    return math.floor(1e4 / job.workers_per_gpu) / 1e4
