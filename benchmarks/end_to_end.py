"""How long does an embedding take, all in all? `smarties embed` beside a plain implementation of the method.

    python benchmarks/end_to_end.py

A made Sentinel-2 image of 616 × 616 px and 12 bands: 100 tiles of 112 px with an overlap of a half, from the file to
the raster of features. Plain (benchmarks/plain.py): one read per tile, numpy and scikit-image, a loop over layers with
masks, float32, one tile after the other, one COG. Ours: the whole task, the model's file read and the radiometry
recognised too, as a user starts it, in float32, in the precision that is chosen, and with int8 written.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks import plain  # noqa: E402
from benchmarks.comparison import Comparison, benchmark, difference, in_turn  # noqa: E402
from benchmarks.machine import has_bf16  # noqa: E402
from benchmarks.made_scene import CRS, SIDE, TRANSFORM, write_scene  # noqa: E402
from benchmarks.plain_model import PlainEncoder  # noqa: E402
from benchmarks.writing import read  # noqa: E402
from engine.jobs.embed import EmbedJob  # noqa: E402
from engine.model.checkpoints import save_checkpoint  # noqa: E402
from engine.model.config import CONFIGS, ModelConfig  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402
from engine.tasks import embed  # noqa: E402

CHIP, OVERLAP, TILES_ALONG = 112, 0.5, 10
#: bfloat16 has 8 binary digits, int8 steps of a hundredth of a band's range.
AGREE, AGREE_BF16, AGREE_INT8 = 1e-3, 6e-2, 7e-2


def main() -> None:
    """Measure, print, and write the record."""
    benchmark(
        "end-to-end", "From an image to its embedding", __doc__,
        lambda rounds: [compare(name, CONFIGS[name], TILES_ALONG, rounds) for name in ("vit-ti", "vit-b")], rounds=1,
    )  # fmt: skip


def compare(name: str, config: ModelConfig, tiles_along: int, rounds: int) -> Comparison:
    """Both ways of embedding an image of ``tiles_along`` × ``tiles_along`` tiles."""
    stride = int(CHIP * (1 - OVERLAP))
    side = CHIP + (tiles_along - 1) * stride
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["SMARTIES_LOG"] = str(folder / "engine.log")
        source, weights = write_scene(folder, side, side), folder / f"{name}.safetensors"
        model = random_autoencoder(config, 0).eval()
        save_checkpoint(model, weights)
        reference = PlainEncoder.with_weights_of(model)
        cog = folder / "plain.tif"

        def embed_plainly() -> None:
            features = plain.features(source, reference, SIDE.bands, SIDE.statistics, CHIP, stride)
            plain.write_cog(cog, features, TRANSFORM @ TRANSFORM.scale(CHIP / config.grid), CRS)

        def ours(precision: str, dtype: str) -> Callable[[], object]:
            job = EmbedJob(
                inputs=(str(source),), output=str(folder / f"{precision}-{dtype}.tif"), overwrite=True, dtype=dtype,
                model=str(weights), chip=CHIP, overlap=OVERLAP, statistics="sensor", device="cpu", precision=precision,
            )  # fmt: skip
            return lambda: embed.run(job)

        chosen, limit = ("bf16", AGREE_BF16) if has_bf16() else ("fp32", AGREE)
        settings = {"ours, fp32": ("fp32", "float32", AGREE), f"ours, {chosen}, int8": (chosen, "int8", AGREE_INT8)}
        settings[f"ours, {chosen}"] = (chosen, "float32", limit)
        ways: dict[str, Callable[[], object]] = {"plain, fp32": embed_plainly}
        ways |= {way: ours(precision, dtype) for way, (precision, dtype, _) in sorted(settings.items())}
        for run in ways.values():
            run()
        expected = read(cog)
        differences = {
            way: difference(f"{name}, {way}", read(folder / f"{precision}-{dtype}.tif"), expected, agree)
            for way, (precision, dtype, agree) in settings.items()
        }
        what = f"{name}, {tiles_along**2} tiles"
        return Comparison(what, in_turn(ways, rounds), differences, {f"ours, {chosen}": 6.0})


if __name__ == "__main__":
    main()
