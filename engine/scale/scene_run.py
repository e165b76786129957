"""Embed one scene of many, if it needs to be: the one way of parts and of workers on Ray."""

from __future__ import annotations

import dataclasses
import socket
import time
import traceback

from engine.errors import CancelledError, LostWorkerError, OutputError, SmartiesError
from engine.log import LOGGER
from engine.model.encoder import Encoder
from engine.model.load import identity
from engine.progress import CancelCallback, ProgressCallback
from engine.scale.outcome import BUSY, DONE, FAILED, LOST, SKIPPED, Outcome
from engine.scale.results_folder import ResultsFolder, fingerprint_of
from engine.scale.scenes import Scene
from engine.tasks import embed
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.pixels import PixelSource


class KeptEncoder:
    """The encoder of the last scene, for the next if it wants the same."""

    def __init__(self) -> None:
        self._key: object = None
        self._encoder: Encoder | None = None

    def load(self, setup: EmbedSetup) -> Encoder:
        """The encoder of a job. Raises what ``EmbedSetup.load_encoder`` raises."""
        own = setup.own.sha256 if setup.own else ""
        key = (identity(setup.job.model), own, str(setup.device), setup.precision)
        if self._encoder is None or key != self._key:
            # The old one goes first: two need not fit.
            self._encoder = None
            self._encoder, self._key = setup.load_encoder(), key
        return self._encoder


def run_scene(
    scene: Scene,
    folder: ResultsFolder,
    overwrite: bool,
    pixels: PixelSource,
    kept: KeptEncoder,
    progress: ProgressCallback | None,
    cancelled: CancelCallback,
) -> Outcome:
    """Makes the scene's outputs unless they are there and up to date; an error is told in the outcome.

    ``overwrite`` allows to replace files that stand under the outputs' names and are not of this command. Raises
    CancelledError, after which nothing is left of the scene.
    """
    started = time.monotonic()
    machine = socket.gethostname()

    def outcome(status: str, sentence: str = "", device: str = "", trace: str = "") -> Outcome:
        seconds = time.monotonic() - started
        return Outcome(scene.name, status, sentence, seconds, machine, device, scene.job.output, trace=trace)

    try:
        with folder.claim(scene) as claim:
            if not claim.ours:
                return outcome(BUSY, "Another run is making it.")
            job = dataclasses.replace(scene.job, overwrite=True)
            setup = set_up(job)
            fingerprint = fingerprint_of(setup)
            if folder.is_done(scene, fingerprint):
                return outcome(SKIPPED, "It is there and up to date.")
            foreign = (
                None if overwrite or folder.knows(scene) else next(filter(lambda p: p.exists(), scene.outputs), None)
            )
            if foreign is not None:
                raise OutputError(
                    f"{foreign.name} is there already, and this command did not make it.",
                    "Move it away, or allow overwriting (--overwrite).",
                )
            folder.begin(scene, fingerprint)
            result = embed.run(job, progress, cancelled, pixels=pixels, load_encoder=kept.load)
            folder.finish(scene, fingerprint, machine, time.monotonic() - started)
            return outcome(DONE, " ".join(result.notes), result.device)
    except CancelledError:
        raise
    except LostWorkerError as error:
        return outcome(LOST, str(error))
    except SmartiesError as error:
        LOGGER.info("%s: %s", scene.name, error, exc_info=True)
        return outcome(FAILED, str(error))
    except Exception as error:  # a defect in one scene must not stop the others
        LOGGER.exception("%s", scene.name)
        return outcome(
            FAILED,
            f"Something unforeseen happened ({type(error).__name__}); the traceback is in the log.",
            trace=traceback.format_exc(),
        )
