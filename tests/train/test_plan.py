"""The plan tells what would run, without running it; its figures are those of METHOD and of torch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from pretraining_runs import settings, tiny_model, write_collections, write_recipe
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.errors import SourceError
from engine.model.config import CONFIGS, DecoderConfig, ModelConfig
from engine.model.encoder import make_blocks
from engine.model.initialise import random_autoencoder
from train.distributed import Ranks
from train.memory import block_bytes, record_bytes, sizes_of, weight_bytes
from train.plan import describe_plan
from train.pretrain import main
from train.recipe import recipe_from
from train.step import PretrainingStep

CPU = torch.device("cpu")
ONE = Ranks(0, 1, CPU)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_collections(tmp_path_factory.mktemp("packed"))


def _saved_bytes(module: nn.Module, run) -> int:
    """What autograd keeps for the way back, weights left out."""
    own = {parameter.untyped_storage().data_ptr() for parameter in module.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        run()
    return sum(storage.nbytes() for storage in kept.values())


def test_numbers_of_parameters_are_those_of_the_method():
    base, large = sizes_of(CONFIGS["vit-b"]), sizes_of(CONFIGS["vit-l"])
    assert (base.parameters, base.encoder) == (116_511_232, 88_563_456)
    assert (large.parameters, large.encoder) == (335_066_880, 306_988_032)
    assert base.trained == base.parameters - 197 * (768 + 512)


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("fused", [True, False])
def test_what_a_block_keeps_is_what_torch_keeps(bf16: bool, fused: bool):
    tokens, width, heads = 101, 96, 4
    block = make_blocks(1, width, heads)[0]
    x = torch.randn(2, tokens, width, requires_grad=True)
    kind = SDPBackend.FLASH_ATTENTION if fused else SDPBackend.MATH

    def run() -> None:
        with sdpa_kernel(kind), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            block(x)

    run()
    # Copies of the weights in bfloat16 are reckoned by themselves.
    found = _saved_bytes(block, run) - (2 * sum(p.numel() for p in block.parameters() if p.ndim == 2) if bf16 else 0)
    assert found == pytest.approx(2 * block_bytes(tokens, width, heads, bf16, fused), rel=0.15)


def test_what_a_record_takes_is_near_what_torch_keeps():
    config = ModelConfig(96, 3, 3, grid=6, decoder=DecoderConfig(64, 2, 2))
    step = PretrainingStep(random_autoencoder(config, 0), True, "paper")
    bands = (("red_1", "green_1", "blue_3"), ("microwave_1", "microwave_2"))
    images = [torch.randn(4, len(names), 96, 96) for names in bands]

    def run() -> None:
        with sdpa_kernel(SDPBackend.MATH):
            step(images, bands, torch.rand(4, 36), torch.rand(4, 36))

    found = _saved_bytes(step, run) / 4
    reckoned = record_bytes(config, 36, [3, 2], False, False)
    # What exists only for a moment at the loss is reckoned too.
    assert 0.7 * reckoned < found < 1.1 * reckoned


def test_sharding_spreads_weights_and_moments():
    sizes = sizes_of(CONFIGS["vit-h"])
    alone, spread = weight_bytes(sizes, 8, False, True), weight_bytes(sizes, 8, True, True)
    assert spread["AdamW"] == alone["AdamW"] // 8 == sizes.trained
    assert sum(spread.values()) < sum(alone.values()) / 3
    assert weight_bytes(sizes, 1, True, False) == weight_bytes(sizes, 1, False, False)


def test_the_plan_of_two_ranks(data):
    with tiny_model():
        plan = describe_plan(recipe_from(settings(data)), Ranks(0, 2, CPU), 50e9)
    lines = plan.splitlines()
    assert lines[0] == "Model       vit-ti, patches of 16 px, from random weights of seed 0"
    row = next(line for line in lines if " radar " in line).split("  ")
    cells = [cell.strip() for cell in row if cell.strip()]
    assert cells == [
        "radar", "13", "44.8%",
        "sentinel-2-l2a (4 bands, 40 px, uint16) + sentinel-1-grd (2 bands, 40 px, int16)", "CC0-1.0",
    ]  # fmt: skip
    assert "Batch       8 pairs in 2 parts of 4, 2 of a part on each of 2 ranks" in lines
    assert "Length      12 steps, warm-up 3; 3.3 epochs of 29 records" in lines
    assert any(line.startswith("Rate        0.00156 at its peak (0.05 × 8 / 256)") for line in lines)
    assert "16 tokens, 4 visible; mixup paper; targets: patches normalised" in plan
    assert "DDP's buckets" in plan
    assert "at 40% of 50 GFLOP/s per rank (as given)" in plan


def test_a_batch_that_does_not_divide_is_shown(data):
    with tiny_model():
        assert "do NOT divide among 3 ranks" in describe_plan(recipe_from(settings(data)), Ranks(0, 3, CPU), 1e9)


def test_only_headers_are_read(data, tmp_path):
    for name in ("radar", "fine", "alone"):
        (tmp_path / name).mkdir()
        for path in (data / name).iterdir():
            content = b"\0" * path.stat().st_size if path.suffix == ".bin" else path.read_bytes()
            (tmp_path / name / path.name).write_bytes(content)
    with tiny_model():
        assert "13" in describe_plan(recipe_from(settings(tmp_path)), ONE, 1e9)
        (tmp_path / "radar" / "collection.json").unlink()
        with pytest.raises(SourceError, match="not a packed collection"):
            describe_plan(recipe_from(settings(tmp_path)), ONE, 1e9)


def test_dry_run_prints_it_and_makes_nothing(data, tmp_path):
    recipe = write_recipe(tmp_path / "recipe.toml", settings(data))
    arguments = ["--recipe", str(recipe), "--out", str(tmp_path / "out"), "--device", "cpu", "--dry-run"]
    with tiny_model():
        result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert "measured, CPU (" in result.stdout
    assert not (tmp_path / "out").exists()
