"""The model on a GPU: does it agree with the processor, and how much of the matrix rate does it reach?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_record import Record
from benchmarks.gpu_setting import BANDS, Setting
from engine.model import load_encoder
from engine.model.encoder import Encoder
from engine.tasks.compiling import CompiledBlocks
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage, prepare_images
from train.watch.flops import block_flops
from train.watch.matrix_rate import measured_rate

#: ‖difference‖ / ‖features‖ at most: float32 differs by the order of its sums, bfloat16 has 8 bits.
AGREE = {"fp32": 1e-3, "bf16": 5e-2}
#: Tiles of the scene that are compared, and their distance from its corner.
TILES, CHIP = 6, 112
MEASURE_S, LEAST_RUNS = 0.8, 7


def agreement(setting: Setting, record: Record) -> None:
    """Compares features of tiles of the scene. AssertionError where they differ by more than ``AGREE``."""
    for name in setting.models:
        setup, images = prepared(setting, name)
        with images[0].detected.reader(setup.grid) as reader:
            tiles = range(min(TILES, setup.grid.width // CHIP))
            read = [reader.read(0, CHIP, CHIP * tile, CHIP * (tile + 1)) for tile in tiles]
        chips = [np.stack([values for values, _ in read])], [np.stack([valid for _, valid in read])]

        def features(device: str, precision: str, name: str = name, images: Any = images, chips: Any = chips) -> Any:
            values, valid = chips
            encoder = load_encoder(setting.model(name), device, precision)
            with FeatureExtractor(encoder, images, "stack", torch.device(device), None, lambda: False) as extractor:
                return extractor(values, valid, "tokens").transpose(0, 2, 3, 1)

        wanted = features("cpu", "fp32")
        found: dict[str, float] = {}
        for precision in ("fp32", "bf16"):
            other = features(str(setting.device), precision if setting.bf16 else "fp32")
            found[precision] = float(np.linalg.norm(other - wanted) / np.linalg.norm(wanted))
            lengths = np.linalg.norm(other, axis=-1) * np.linalg.norm(wanted, axis=-1)
            found["cosine"] = float(((other * wanted).sum(axis=-1) / lengths).min())
        record.add("agreement", {name: found})
        for precision, most in AGREE.items():
            if not found[precision] <= most:
                raise AssertionError(f"{name} in {precision} differs by {found[precision]:.1e}: no timing")


def encoder(setting: Setting, record: Record) -> None:
    """Times the encoder by batch: as it is, and compiled."""
    for name in setting.models:
        model = load_encoder(setting.model(name), str(setting.device), "bf16" if setting.bf16 else "fp32")
        bands = set_up(setting.job(name)).assignments[0]
        found: dict[str, Any] = {"cases": [], "compile_s": {}}

        def add(name: str = name, found: dict[str, Any] = found) -> None:
            record.add("encoder", {name: found})

        found["matrix_before"] = found["matrix_after"] = measured_rate(setting.device, setting.bf16)
        found["matrix_flops_per_second"] = found["matrix_before"]
        flops = image_flops(model)

        def case(
            way: str, batch: int, found: Any = found, model: Any = model, bands: Any = bands, flops: int = flops
        ) -> None:
            images = torch.randn(batch, BANDS, 224, 224, device=setting.device, dtype=model.dtype)

            def once() -> None:
                model.features(images, bands)

            if way == "compiled":
                found["compile_s"][str(batch)] = took(setting, once)
            found["cases"].append(
                {"way": way, "batch": batch, "flops": batch * flops, "seconds": median_s(setting, once)}
            )
            add()

        for batch in setting.batches:
            if setting.left > 30:
                case("as it is", batch)
        for batch in setting.compiled_batches:
            if setting.left > 60:
                torch.compiler.reset()
                blocks = CompiledBlocks(model)
                case("compiled", batch)
                blocks.undo()
        found["matrix_after"] = measured_rate(setting.device, setting.bf16)
        found["matrix_flops_per_second"] = max(found["matrix_before"], found["matrix_after"])
        add()


def chips(setting: Setting, record: Record) -> None:
    """Times what a run does with raw chips: harmonise, resize, encode."""
    for name in setting.models:
        setup, images = prepared(setting, name)
        model = setup.load_encoder()
        cases = []
        for batch in setting.batches:
            if setting.left < 20:
                break
            with FeatureExtractor(model, images, "stack", setting.device, batch, lambda: False) as extractor:
                values = torch.randint(1, 5000, (batch, BANDS, CHIP, CHIP), dtype=torch.int16, device=setting.device)
                values = values.view(torch.uint16)
                valid = torch.ones(batch, CHIP, CHIP, dtype=torch.bool, device=setting.device)

                def whole(extractor: Any = extractor, values: Any = values, valid: Any = valid) -> None:
                    extractor.features([values], [valid], "tokens")

                def before(extractor: Any = extractor, values: Any = values, valid: Any = valid) -> None:
                    extractor.model_input([values], [valid])

                cases.append(
                    {"batch": batch, "seconds": median_s(setting, whole), "prepare_seconds": median_s(setting, before)}
                )
            record.add("chips", {name: cases})


def prepared(setting: Setting, name: str) -> tuple[EmbedSetup, list[PreparedImage]]:
    """The scene, ready for the model on the device."""
    setup = set_up(setting.job(name, device=str(setting.device), precision="bf16" if setting.bf16 else "fp32"))
    images = prepare_images(
        setup.job, setup.detected, setup.assignments, setup.statistics, setup.grid, lambda _: None, lambda: False
    )
    return setup, images


def image_flops(model: Encoder) -> int:
    """Operations of the matrix products for one image of 12 bands: projection and blocks."""
    tokens = model.config.grid**2
    return 2 * tokens * BANDS * model.patch**2 * model.width + model.depth * block_flops(tokens + 1, model.width)


def median_s(setting: Setting, once: Callable[[], None]) -> float:
    """Seconds of one call, the median of as many as fill ``MEASURE_S``, after three that warm up."""
    for _ in range(1 if setting.smoke else 3):
        took(setting, once)
    found: list[float] = []
    spent = time.perf_counter()
    while len(found) < (2 if setting.smoke else LEAST_RUNS) or time.perf_counter() - spent < MEASURE_S:
        found.append(took(setting, once))
        if setting.smoke and len(found) >= 2:
            break
    return statistics.median(found)


@torch.inference_mode()
def took(setting: Setting, once: Callable[[], None]) -> float:
    """Seconds of one call, from an idle device to an idle device."""
    if setting.device.type == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    once()
    if setting.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun
