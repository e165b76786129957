"""Trains a UPerNet head on the chips that hold labels, and measures it on groups it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch

from engine.errors import JobError
from engine.heads.accuracy import accuracy_summary
from engine.heads.folds import FoldPlan, plan_folds
from engine.heads.head import HeadInfo
from engine.heads.upernet import UPerNetHead, block_numbers
from engine.heads.upernet_training import BlockChips, Training, folds_of, hidden_in_fold, predict, train_upernet
from engine.jobs.train_head import TrainHeadJob
from engine.model.fusion import check_no_mixup
from engine.progress import CancelCallback, Progress, ProgressCallback, part_of
from engine.raster.map_writer import MapClass
from engine.tasks.label_chips import LabelChips, open_label_chips
from engine.tasks.learn_bands import BandLearner
from engine.tasks.train_head_info import head_info
from engine.tasks.train_scenes import Scene
from engine.tasks.train_token_head import Tested, TrainedHead

#: Shares of the progress: labels looked at, chips encoded; the rest is training.
_LOOKED, _ENCODED = 0.05, 0.15
#: Tested places that the report draws, at most.
_SHOWN = 20_000


def train_upernet_head(
    job: TrainHeadJob,
    scenes: Sequence[Scene],
    classes: Sequence[MapClass],
    grouped_by: str,
    learner: BandLearner | None,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> tuple[TrainedHead, list[str]]:
    """A head, measured, and what the user should know of its training.

    ``scenes`` are embeddings whose images are still there; ``learner`` has learnt the projections of bands that they
    were made with, None where none were: each part of the cross-validation learns its own. Raises JobError for one
    vector per chip, for mixup, and where fewer than two classes have data, and as ``open_label_chips``.
    """
    record = scenes[0].raster.record
    if record.level != "tokens":
        raise JobError("A UPerNet head needs tokens; this embedding has one vector per chip.", "Use level tokens.")
    check_no_mixup(record.fusion, len(record.images))
    with ExitStack() as stack:
        if learner is None:
            chips = stack.enter_context(open_label_chips(scenes, job, part_of(progress, 0, _LOOKED), cancelled))
        else:
            chips = learner.chips
        kept, notes = _kept(chips, classes)
        chips.keep(classes, kept)
        plan = plan_folds(chips.strata, job.folds, job.seed)
        trainer = _Trainer(job, head_info(job, scenes[0].raster, kept), chips, learner, cancelled)
        head, confusion, tested = trainer.run(plan, part_of(progress, _LOOKED, 1))
        accuracy = accuracy_summary(kept, chips.strata, plan, confusion, grouped_by)
    head.info = head.info.with_accuracy(accuracy if plan is not None else None)
    return TrainedHead(head, accuracy, tested), [*chips.notes, *notes]


@dataclass(eq=False)
class _Trainer:
    """Trains on chips once per fold, to measure, and once on all."""

    job: TrainHeadJob
    info: HeadInfo
    chips: LabelChips
    learner: BandLearner | None
    cancelled: CancelCallback

    def run(self, plan: FoldPlan | None, progress: ProgressCallback) -> tuple[UPerNetHead, np.ndarray, Tested]:
        """The head, the confusion (K, K) of all folds, and tested places."""
        count = len(self.info.classes)
        confusion = np.zeros((count, count), np.int64)
        tested: list[tuple[np.ndarray, np.ndarray]] = []
        parts = 1 + (plan.folds if plan else 0)
        own = self.learner.own if self.learner else None
        blocks = None if self.learner else self._blocks(part_of(progress, 0, _ENCODED))
        begin = 0.0 if self.learner else _ENCODED
        fold = folds_of(plan, self.chips.classes, self.chips.groups) if plan else None
        for number in range(parts):
            last = number == parts - 1
            words = "Training the head" if last else f"Measuring, part {number + 1} of {parts - 1}"
            report = part_of(
                progress, begin + (1 - begin) * number / parts, begin + (1 - begin) * (number + 1) / parts, words
            )
            if self.learner is not None and own is not None:
                if last or plan is None:
                    self.learner.use(own)
                else:
                    self.learner.learn_fold(count, plan, number, part_of(report, 0, 0.5))
                blocks = self._blocks(part_of(report, 0.5, 0.6))
                report = part_of(report, 0.6, 1)
            data = BlockChips(blocks or [], self.chips.classes, self.chips.groups)
            if not last and fold is not None:
                head = self._train(hidden_in_fold(data, fold, number), report)
                self._test(head, data, fold == number, confusion, tested)
        return self._train(data, report), confusion, _tested(tested)

    def _train(self, data: BlockChips, progress: ProgressCallback) -> UPerNetHead:
        training = Training(self.job.balance, self.job.epochs, self.job.seed, self.chips.setup.device)
        return train_upernet(self.info, data, training, progress, self.cancelled)

    def _test(
        self,
        head: UPerNetHead,
        data: BlockChips,
        held_out: np.ndarray,
        confusion: np.ndarray,
        tested: list[tuple[np.ndarray, np.ndarray]],
    ) -> None:
        """Adds what the head makes of the pixels ``held_out`` (n, chip, chip), each where it lies deepest in a chip."""
        for number, chosen in predict(head, data, np.flatnonzero(held_out.any(axis=(1, 2)))):
            core = self.chips.core(number)
            rows, cols = np.nonzero(held_out[number][core])
            rows, cols = rows + core[0].start, cols + core[1].start
            truth, found = data.classes[number, rows, cols], chosen[rows, cols]
            np.add.at(confusion, (truth, found), 1)
            y, x = self.chips.corners[number]
            places = np.stack([np.full(len(rows), self.chips.scene[number]), rows + y, cols + x], axis=1)
            tested.append((places, truth == found))

    def _blocks(self, progress: ProgressCallback) -> list[torch.Tensor]:
        """The blocks of all chips, each (n, D, T, T) float16."""
        chips, encoder = self.chips, self.chips.encoder
        numbers = block_numbers(encoder.depth)
        blocks: list[torch.Tensor] = []
        done = 0
        with ExitStack() as stack:
            extractors = [
                stack.enter_context(chips.extractor(scene, self.cancelled)) for scene in range(len(chips.behind))
            ]
            for scene, batch in chips.batches(np.arange(len(chips)), extractors[0].batch):
                found = extractors[scene].blocks(*chips.read(scene, batch), numbers)
                if not blocks:
                    blocks = [torch.empty((len(chips), *block.shape[1:]), dtype=torch.float16) for block in found]
                for whole, block in zip(blocks, found, strict=True):
                    # Half precision ends at 65504; no block's output should come near.
                    whole[torch.from_numpy(batch)] = block.clamp(-65504, 65504).half().cpu()
                done += len(batch)
                progress(Progress(done / len(chips), f"Encoding chip {done} of {len(chips)}"))
        return blocks


def _kept(chips: LabelChips, classes: Sequence[MapClass]) -> tuple[tuple[MapClass, ...], list[str]]:
    """The classes that have data, and notes on those that have none. Raises JobError for fewer than two."""
    present = sorted(chips.strata.pixels_per_class)
    if len(present) < 2:
        raise JobError(
            f"Only the class “{classes[present[0]].name}” has labelled pixels with data in the images: there is nothing"
            " to tell apart.",
            "Label places of a second class where the images have data.",
        )
    missing = [each.name for number, each in enumerate(classes) if number not in present]
    return tuple(classes[number] for number in present), [
        f"The class “{name}” has no labelled pixel with data and is left out." for name in missing
    ]


def _tested(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Tested:
    """What was tested, thinned to what a picture shows."""
    if not parts:
        return Tested(np.zeros((0, 3), np.int64), np.zeros(0, bool))
    places, right = (np.concatenate(each) for each in zip(*parts, strict=True))
    step = -(-len(right) // _SHOWN) or 1
    return Tested(places[::step], right[::step])
