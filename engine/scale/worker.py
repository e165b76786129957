"""A worker: an encoder and its reader, placed together or not at all, and the scene they are at."""

from __future__ import annotations

import contextlib
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from engine.scale.actors import Greeting, SceneEncoder, SceneReader
from engine.scale.outcome import Outcome
from engine.scale.scenes import Scene
from engine.scale.shape import Shape


class Worker:
    """An encoder and a reader as actors of Ray, from the moment they are asked for.

    Ray starts them when there is room for both. ``answer`` is a reference to what they are at: to their ``Greeting``
    at first, to an ``Outcome`` while there is a ``scene``; None while they are idle.
    """

    def __init__(self, shape: Shape, folder: str, overwrite: bool) -> None:
        self._group = placement_group(shape.bundles, strategy="PACK")

        def place(number: int, cpus: int, gpus: float) -> dict[str, Any]:
            strategy = PlacementGroupSchedulingStrategy(self._group, placement_group_bundle_index=number)
            return {"num_cpus": cpus, "num_gpus": gpus, "scheduling_strategy": strategy}

        self._reader: Any = ray.remote(SceneReader).options(**place(1, shape.reader_cpus, 0)).remote()
        # Progress is asked for, and a stop, while a scene is being made.
        # (Ray's types do not know this option.)
        with_groups: Any = ray.remote
        encoder = with_groups(concurrency_groups={"control": 1})(SceneEncoder)
        place_encoder = place(0, shape.encoder_cpus, shape.encoder_gpu)
        self._encoder: Any = encoder.options(**place_encoder).remote(folder, overwrite, shape.encoder_cpus)
        self.answer: Any = self._encoder.greet.remote(self._reader)
        self.greeting: Greeting | None = None
        self.scene: Scene | None = None
        self._fraction = 0.0
        self._asked: Any = None

    @property
    def machine(self) -> str:
        """Where its encoder runs; empty until that is known."""
        return self.greeting.machine if self.greeting else ""

    @property
    def is_idle(self) -> bool:
        """Whether it can begin a scene."""
        return self.greeting is not None and self.scene is None

    def begin(self, scene: Scene) -> None:
        """Begin a scene."""
        self.scene, self._fraction = scene, 0.0
        self.answer = self._encoder.make.remote(scene, self._reader)

    def take(self) -> Outcome | None:
        """What the finished ``answer`` tells of the scene, None for a greeting. Raises what the worker raised."""
        reference, self.answer = self.answer, None
        value = ray.get(reference)
        if isinstance(value, Greeting):
            self.greeting = value
            return None
        self.scene, self._asked = None, None
        outcome: Outcome = value
        return outcome

    def fraction(self) -> float:
        """How much of its scene is done, as far as it has told; asks again without waiting."""
        if self.scene is None:
            return 0.0
        if self._asked is not None and ray.wait([self._asked], timeout=0)[0]:
            # A worker that is gone is noticed by its answer.
            with contextlib.suppress(ray.exceptions.RayError):
                self._fraction = ray.get(self._asked)
            self._asked = None
        if self._asked is None:
            self._asked = self._encoder.fraction.options(concurrency_group="control").remote()
        return self._fraction

    def stop(self) -> None:
        """Ask it to leave its scene within a tile."""
        self._encoder.stop.options(concurrency_group="control").remote()

    def end(self) -> None:
        """Ends both processes, if they are still there, and gives back their room."""
        for actor in (self._encoder, self._reader):
            ray.kill(actor)
        remove_placement_group(self._group)
