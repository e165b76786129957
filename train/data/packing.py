"""Packs a source into a collection: items are read in this process or in many, records are written in their order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path

import torch
from rasterio.errors import NotGeoreferencedWarning

from engine.errors import EngineEnvironmentError, SourceError
from train.data.readers.source import Outcome, PairSource, Tally
from train.data.shards import SHARD_BYTES, ShardWriter

#: Items each worker is ahead of the writer: enough to keep it busy, few enough to keep in memory.
_AHEAD = 4


@dataclass(frozen=True, eq=False)
class Packed:
    """What was packed: the numbers of records and of items looked at, and what was left out."""

    records: int
    items: int
    remarks: Tally


def pack(
    source: PairSource,
    folder: Path,
    workers: int = 1,
    limit: int | None = None,
    shard_bytes: int = SHARD_BYTES,
    progress: Callable[[int, int, int], None] = lambda *_: None,
) -> Packed:
    """Write the records of ``source`` to the new collection ``folder``, in the source's order for any ``workers``.

    Stops at ``limit`` records. ``progress`` is told items done, items in all, and records. The folder appears when
    all is written; after an error or an interrupt nothing is left. Raises OutputError where it cannot be written,
    SourceError where no item gave a record, EngineEnvironmentError where a worker died.
    """
    remarks, records, items = Tally(), 0, 0
    with (
        ShardWriter(folder, source.name, source.sides, source.licence, shard_bytes) as writer,
        closing(_outcomes(source, workers)) as outcomes,
    ):
        for outcome in outcomes:
            remarks.add(outcome)
            items += 1
            for record in outcome.records[: None if limit is None else limit - records]:
                writer.add(record.images, record.origin)
                records += 1
            progress(items, len(source), records)
            if records == limit:
                break
        if records == 0:
            raise _nothing_found(source, remarks)
    return Packed(records, items, remarks)


def _nothing_found(source: PairSource, remarks: Tally) -> SourceError:
    reasons = "; ".join(remarks.lines()) or "it is empty"
    return SourceError(
        f"No record was found in {source.name}: {reasons}.", "Check the folder, its layout and the list."
    )


def _outcomes(source: PairSource, workers: int) -> Generator[Outcome, None, None]:
    """What every item gives, in their order."""
    if workers <= 1:
        for item in range(len(source)):
            yield source.outcome(item)
        return
    pool = ProcessPoolExecutor(workers, _processes(), initializer=_start_worker, initargs=(source,))
    waiting: deque[Future[Outcome]] = deque()
    try:
        for item in range(len(source)):
            waiting.append(pool.submit(_read, item))
            if len(waiting) == workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise EngineEnvironmentError(
            "A worker ended before its time, most likely for lack of memory.", "Use fewer --workers."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _processes() -> BaseContext:
    """How workers are started: never as copies of this process, whose threads may hold locks."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # Loaded once for all workers.
    context.set_forkserver_preload(["torch", "rasterio", "shapely", "skimage.transform"])
    return context


_source: PairSource | None = None


def _start_worker(source: PairSource) -> None:
    """Runs once in every worker process."""
    global _source
    _source = source
    # An interrupt is the parent's affair: it ends the workers in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    silence_libraries()


def _end_with_parent() -> None:
    """A killed parent cannot end its workers: they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read(item: int) -> Outcome:
    assert _source is not None, "the initializer ran"
    return _source.outcome(item)


def silence_libraries() -> None:
    """Keep from stderr what GDAL says about files that the remarks count, and about pictures without a place."""
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    # GDAL messages that are no text make rasterio fail in a callback.
    sys.unraisablehook = lambda _: None
