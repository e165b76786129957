"""Batches of chips: halved where memory does not suffice, on the processor where nothing else helps, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from engine.errors import CancelledError, DeviceError
from engine.jobs.embed import EmbedJob
from engine.model.encoder import Encoder
from engine.raster.radiometry import Radiometry
from engine.raster.statistics import BandStatistics
from engine.tasks import compiling
from engine.tasks.embed_setup import set_up
from engine.tasks.features import CPU_BATCH, FeatureExtractor
from engine.tasks.inputs import PreparedImage

CPU = torch.device("cpu")
CHIPS = 11


class GpuOfTheProcessor(FeatureExtractor):
    """Takes itself for an extractor on a GPU when its memory does not suffice, until it moves; it computes on a CPU."""

    moved = False

    def _take_less(self, tried: int) -> None:
        self.device = CPU if self.moved else torch.device("cuda")
        super()._take_less(tried)
        self.moved = self.device == CPU
        self.device = CPU


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], tuple[Encoder, list[PreparedImage]]]]:
    from engine.model.checkpoints import save_checkpoint
    from engine.model.config import DecoderConfig, ModelConfig
    from engine.model.initialise import random_autoencoder
    from engine.sample import write_sample

    folder = tmp_path_factory.mktemp("extractor")
    model = folder / "model.safetensors"
    save_checkpoint(random_autoencoder(ModelConfig(24, 2, 2, decoder=DecoderConfig(16, 1, 2)), 1), model)
    source = next(path for path in write_sample(folder, seed=0) if path.name.startswith("S2"))

    def make() -> tuple[Encoder, list[PreparedImage]]:
        setup = set_up(EmbedJob(inputs=(str(source),), model=str(model), device="cpu", precision="fp32"))
        count = len(setup.assignments[0])
        radiometry = Radiometry((1.0,) * count, (0.0,) * count, (False,) * count, "", "")
        figures = (0.0,) * count, (10_000.0,) * count, (0.5,) * count, (0.3,) * count
        statistics = BandStatistics(setup.detected[0].band_names, *figures, "made up")
        return setup.load_encoder(), [PreparedImage(setup.detected[0], setup.assignments[0], radiometry, statistics)]

    yield make


@pytest.fixture(scope="module")
def chips() -> tuple[list[np.ndarray], list[np.ndarray]]:
    numbers = np.random.default_rng(0)
    values = numbers.integers(0, 10_000, (CHIPS, 12, 28, 28)).astype(np.uint16)
    return [values], [numbers.random((CHIPS, 28, 28)) < 0.9]


def memory_for(encoder: Encoder, most: int, asked: list[int]) -> None:
    """Lets the encoder's first block fail as PyTorch does where more than ``most`` chips come at once."""

    def fail(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        asked.append(len(given[0]))
        if len(given[0]) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    encoder.blocks[0].register_forward_pre_hook(fail)


def never() -> bool:
    return False


def test_a_batch_that_does_not_fit_is_halved_and_the_smaller_size_kept(prepared, chips) -> None:
    encoder, images = prepared()
    with FeatureExtractor(encoder, images, "stack", CPU, CHIPS, never) as extractor:
        whole = extractor(*chips, "tokens")
    asked: list[int] = []
    memory_for(encoder, 3, asked)
    with FeatureExtractor(encoder, images, "stack", CPU, CHIPS, never) as extractor:
        found = extractor(*chips, "tokens")
        extractor(*chips, "tokens")
    assert asked == [11, 5, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 1]
    assert extractor.batch == 2
    assert extractor.notes == ["The memory of the machine did not suffice; batches of 2 chips are used."]
    np.testing.assert_allclose(found, whole, atol=1e-5)
    assert extractor.chips == 2 * CHIPS


def test_where_no_chip_fits_the_gpu_the_processor_does_the_rest_and_the_user_is_told(prepared, chips) -> None:
    encoder, images = prepared()
    with FeatureExtractor(encoder, images, "stack", CPU, None, never) as extractor:
        whole = extractor(*chips, "chips")
    asked: list[int] = []

    def fail(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        asked.append(len(given[0]))
        if not gpu.moved and len(asked) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    encoder.blocks[0].register_forward_pre_hook(fail)
    with GpuOfTheProcessor(encoder, images, "stack", CPU, 4, never) as gpu:
        found = gpu(*chips, "chips")
    # The first four fitted; then another program took the memory.
    assert asked == [4, 4, 2, 1, 7]
    assert gpu.batch == CPU_BATCH and gpu.device == CPU
    [note] = gpu.notes
    assert "the processor did the rest" in note and "device cpu" in note
    np.testing.assert_allclose(found, whole, atol=1e-5)


def test_a_processor_without_memory_for_a_chip_is_one_clear_sentence(prepared, chips) -> None:
    encoder, images = prepared()
    memory_for(encoder, 0, [])
    with (
        FeatureExtractor(encoder, images, "stack", CPU, 1, never) as extractor,
        pytest.raises(DeviceError, match="single chip"),
    ):
        extractor(*chips, "chips")


def test_cancel_stops_within_a_batch(prepared, chips) -> None:
    encoder, images = prepared()
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 1

    with (
        FeatureExtractor(encoder, images, "stack", CPU, CHIPS, cancelled) as extractor,
        pytest.raises(CancelledError),
    ):
        extractor(*chips, "chips")
    assert len(asked) == 2


def test_compiling_pays_for_long_runs_and_costs_nothing_the_second_time(prepared, monkeypatch) -> None:
    encoder, _ = prepared()
    monkeypatch.setattr(compiling, "_compiled", set())
    enough = compiling.COST_S / compiling.GAIN
    assert not compiling.worth_compiling(encoder, 0.9 * enough)
    assert compiling.worth_compiling(encoder, 1.1 * enough)
    blocks = compiling.CompiledBlocks(encoder)
    assert compiling.worth_compiling(encoder, 0.9 * enough)
    blocks.undo(failed=True)
    assert not compiling.worth_compiling(encoder, 0.9 * enough)


def test_where_compiling_fails_the_model_runs_as_it_is_and_says_so(prepared, chips, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Failed to find C compiler.")

    encoder, images = prepared()
    monkeypatch.setattr(compiling, "_compiled", set())
    monkeypatch.setattr(compiling, "COST_S", 0.0)
    with FeatureExtractor(encoder, images, "stack", CPU, 4, never) as extractor:
        whole = extractor(*chips, "tokens")
        # A processor never compiles; here it stands for a GPU's machine that lacks a compiler.
        extractor._may_compile = True
        for _ in range(7):
            assert extractor._compiled is None
            extractor.compile_if_worthwhile(1000)
            if extractor._compiled is None:
                extractor([v[:1] for v in chips[0]], [v[:1] for v in chips[1]], "tokens")
        assert extractor._compiled is not None
        # In the place where torch.compile puts what compiles at the first call.
        encoder.blocks[0]._compiled_call_impl = fail
        found = extractor(*chips, "tokens")
        assert extractor._compiled is None
    assert len(extractor.notes) == 1 and "could not be compiled" in extractor.notes[0]
    np.testing.assert_array_equal(found, whole)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU: streams and pinned memory cannot be tested")
def test_a_gpu_gives_what_the_processor_gives(prepared, chips) -> None:
    encoder, images = prepared()
    with FeatureExtractor(encoder, images, "stack", CPU, None, never) as extractor:
        wanted = extractor(*chips, "tokens")
    encoder.to("cuda")
    with FeatureExtractor(encoder, images, "stack", torch.device("cuda"), None, never) as extractor:
        np.testing.assert_allclose(extractor(*chips, "tokens"), wanted, atol=1e-3)
        assert extractor.seconds > 0
