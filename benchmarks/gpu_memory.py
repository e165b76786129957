"""A run whose GPU is full: the batch is halved for real, and in the end the processor takes over."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_encoder import BANDS, CHIP, prepared
from benchmarks.gpu_record import Record
from benchmarks.gpu_setting import Setting
from engine.tasks.features import FeatureExtractor

CHIPS = 96
#: The GPU's memory that is left to the model's batches: none is short, a few chips fit, not one fits.
LEFT_BYTES = (4 * 2**30, 150 * 2**20, 2 * 2**20)
#: As in gpu_encoder.AGREE: bfloat16 on the GPU, whatever the processor has best there.
AGREE = 5e-2


def memory(setting: Setting, record: Record) -> None:
    """Takes all but a little of the GPU's memory, then encodes; adds what became of batch, device and features."""
    if setting.device.type == "cpu":
        record.add("memory", {"remark": "## Where the memory is taken\n\nNo GPU: nothing to take."})
        return
    name = setting.models[0]
    setup, images = prepared(setting, name)
    numbers = np.random.default_rng(0)
    values = [numbers.integers(1, 5000, (CHIPS, BANDS, CHIP, CHIP)).astype(np.uint16)]
    valid = [np.ones((CHIPS, CHIP, CHIP), bool)]
    cases: list[dict[str, Any]] = []
    wanted = None
    for left in LEFT_BYTES:
        model = setup.load_encoder()
        with FeatureExtractor(model, images, "stack", setting.device, CHIPS, lambda: False) as extractor:
            # The bands are compiled, and libraries have what they keep.
            extractor([v[:1] for v in values], [v[:1] for v in valid], "chips")
            gc.collect()
            torch.cuda.empty_cache()
            free, _ = torch.cuda.mem_get_info(setting.device)
            taken = torch.empty(free - left, dtype=torch.uint8, device=setting.device)
            found = extractor(values, valid, "chips")
            del taken
            wanted = found if wanted is None else wanted
            cases.append(
                {
                    "free_mb": left / 2**20,
                    "first_batch": CHIPS,
                    "last_batch": extractor.batch,
                    "device": str(extractor.device),
                    "difference": float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted)),
                    "notes": extractor.notes,
                }
            )
        record.add("memory", {"cases": cases})
        del model, extractor
        gc.collect()
        torch.cuda.empty_cache()
    ends = [case["device"] for case in cases]
    if ends[-1] != "cpu" or not 1 <= cases[1]["last_batch"] < CHIPS or max(c["difference"] for c in cases) > AGREE:
        raise AssertionError("the run did not yield as it should: see the table")
