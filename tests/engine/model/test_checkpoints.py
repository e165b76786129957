from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import CheckpointError, OutputError
from engine.model.autoencoder import AutoEncoder
from engine.model.checkpoints import inspect, read_autoencoder, read_encoder, save_checkpoint
from engine.model.config import DecoderConfig
from engine.model.encoder import Encoder

HEADS = {"num_heads": "3", "decoder_num_heads": "2"}
DECODER = ("decoder_", "mask_token")


@pytest.fixture
def state(golden) -> dict[str, torch.Tensor]:
    return load_file(golden.weights)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def _encoder_state(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith(DECODER)}


def _same(model: Encoder, state: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_sizes_are_read_from_the_released_layout(golden, state):
    checkpoint = inspect(golden.weights, need_decoder=True)
    config = checkpoint.config
    assert (config.width, config.depth, config.num_heads, config.patch, config.grid) == (48, 2, 3, 16, 6)
    assert config.decoder == DecoderConfig(32, 1, 2)
    model = read_autoencoder(checkpoint)
    assert _same(model, state)
    assert not model.training
    assert not model.pos_embed.requires_grad
    assert model.cls_token.requires_grad


def test_the_encoder_is_read_from_a_whole_file_and_from_an_encoder_file_alike(golden, state, path: Path):
    save_file(_encoder_state(state), path, HEADS)
    assert inspect(path).config.decoder is None
    for source in (golden.weights, path):
        encoder = read_encoder(inspect(source))
        assert not isinstance(encoder, AutoEncoder)
        assert _same(encoder, state)
        assert encoder.extra == {}


@pytest.mark.parametrize("prefix", ["module.", "model.encoder.", "_orig_mod."])
def test_a_prefix_common_to_all_keys_is_taken_off(state, path: Path, prefix: str):
    save_file({prefix + name: tensor for name, tensor in state.items()}, path, HEADS)
    assert _same(read_autoencoder(inspect(path, need_decoder=True)), state)


def test_a_prefix_that_some_keys_lack_is_an_error_that_lists_them(state, path: Path):
    prefixed = {("module." if "norm" in name else "") + name: tensor for name, tensor in state.items()}
    save_file(prefixed, path, HEADS)
    with pytest.raises(CheckpointError, match="unexpected: module"):
        inspect(path)


def test_tensors_of_a_task_are_kept_beside_the_encoder_and_survive_saving(state, path: Path):
    task = {
        "head.0.running_mean": torch.rand(48),
        "head.0.num_batches_tracked": torch.tensor(7),
        "head.1.weight": torch.rand(10, 48),
        "fc_norm.weight": torch.rand(48),
        "fc_norm.bias": torch.rand(48),
    }
    save_file(_encoder_state(state) | task, path, HEADS)
    checkpoint = inspect(path)
    encoder = read_encoder(checkpoint)
    assert checkpoint.notes == ()
    assert _same(encoder, state)
    assert encoder.extra.keys() == task.keys() == checkpoint.extra.keys()
    save_checkpoint(encoder, path)
    again = read_encoder(inspect(path)).extra
    assert all(torch.equal(again[name], tensor) for name, tensor in task.items())


def test_a_fine_tuned_file_without_norm_uses_its_fc_norm_and_says_so(state, path: Path):
    tuned = {name.replace("norm.", "fc_norm.") if name.startswith("norm.") else name: t for name, t in state.items()}
    save_file(_encoder_state(tuned), path, HEADS)
    checkpoint = inspect(path)
    encoder = read_encoder(checkpoint)
    assert torch.equal(encoder.norm.weight, state["norm.weight"])
    assert set(encoder.extra) == {"fc_norm.weight", "fc_norm.bias"}
    assert "fc_norm" in checkpoint.notes[0]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: s.pop("blocks.1.mlp.fc1.bias"), r"keys 1 missing: blocks\.1\.mlp\.fc1\.bias"),
        (lambda s: [s.pop(n) for n in list(s) if n.startswith("blocks.1.")], None),
        (lambda s: s.update({"extra.weight": torch.zeros(1)}), r"1 unexpected: extra\.weight"),
        (lambda s: s.update({"norm.weight": torch.zeros(47)}), r"1 of another shape: norm\.weight \(47 for 48\)"),
        (
            lambda s: s.update({"norm.weight": torch.zeros(48, dtype=torch.int8)}),
            r"not in floating point: norm\.weight \(I8\)",
        ),
        (lambda s: s.pop("decoder_norm.bias"), r"missing: decoder_norm\.bias"),
        (lambda s: s.pop("mask_token"), r"missing: mask_token"),
        (lambda s: s.pop("norm.weight"), r"missing: norm\.weight"),
        (lambda s: s.update({"blocks.999999999.norm1.bias": torch.zeros(48)}), "missing: blocks.2"),
        (
            lambda s: s.update({"spectrum_projection.spectrum_embeds.17.proj.bias": torch.zeros(48)}),
            "unexpected: spectrum",
        ),
        (lambda s: [s.pop(n) for n in list(s) if ".mlp." in n], r"12 missing: .* and 4 more"),
    ],
)
def test_keys_that_do_not_fit_are_listed(state, path: Path, spoil, said: str | None):
    spoil(state)
    save_file(state, path, HEADS)
    if said is None:
        # A shallower model is a model too.
        assert inspect(path).config.depth == 1
        return
    with pytest.raises(CheckpointError, match=said) as caught:
        inspect(path)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_foreign_model_is_refused_with_what_it_holds(path: Path):
    save_file({"cls_token": torch.zeros(1, 1, 8), "patch_embed.proj.weight": torch.zeros(8, 3, 4, 4)}, path)
    with pytest.raises(CheckpointError, match=r"not a SMARTIES model: it has no pos_embed.*patch_embed") as caught:
        inspect(path)
    assert "SMARTIES" in caught.value.hint


def test_an_empty_file_of_weights_is_refused(path: Path):
    save_file({}, path)
    with pytest.raises(CheckpointError, match="nothing at all"):
        inspect(path)


@pytest.mark.parametrize("shape", [(37, 48), (1, 30, 48)])
def test_a_position_encoding_of_no_grid_is_refused(state, path: Path, shape: tuple[int, ...]):
    save_file(state | {"pos_embed": torch.zeros(shape)}, path, HEADS)
    with pytest.raises(CheckpointError, match=r"pos_embed|position encoding"):
        inspect(path)


def test_heads_come_from_the_caller_then_the_metadata_then_an_error_asks_for_them(golden, state, path: Path):
    assert inspect(golden.weights, num_heads=4).config.num_heads == 4
    save_file(state, path)
    with pytest.raises(CheckpointError, match="does not tell its num_heads, and 48 is not a width") as caught:
        inspect(path)
    assert "num_heads" in caught.value.hint
    assert inspect(path, num_heads=3).config.num_heads == 3
    with pytest.raises(CheckpointError, match="decoder_num_heads, and 32"):
        inspect(path, num_heads=3, need_decoder=True)
    assert inspect(path, 3, 2, need_decoder=True).config.decoder == DecoderConfig(32, 1, 2)


def test_heads_of_a_known_width_need_no_metadata(small_config, path: Path):
    with torch.device("meta"):
        shapes = AutoEncoder(replace(small_config, width=192, num_heads=3)).state_dict()
    save_file({name: torch.zeros(tensor.shape) for name, tensor in shapes.items()}, path)
    assert inspect(path).config.num_heads == 3


@pytest.mark.parametrize("heads", ["5", "0", "-3", "three"])
def test_heads_that_do_not_divide_the_width_are_refused(state, path: Path, heads: str):
    save_file(state, path, {"num_heads": heads})
    with pytest.raises(CheckpointError, match=f"cannot have num_heads {heads}: its width is 48"):
        inspect(path)


def test_an_encoder_file_is_no_whole_model(state, path: Path):
    save_file(_encoder_state(state), path, HEADS)
    with pytest.raises(CheckpointError, match="holds only an encoder"):
        inspect(path, need_decoder=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_read_as_float32(state, path: Path, dtype: torch.dtype):
    save_file({name: tensor.to(dtype) for name, tensor in state.items()}, path, HEADS)
    model = read_autoencoder(inspect(path, need_decoder=True))
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
    assert _same(model, {name: tensor.to(dtype).float() for name, tensor in state.items()})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_numbers_are_refused(state, path: Path, value: float):
    state["blocks.0.norm1.bias"][3] = value
    save_file(state, path, HEADS)
    with pytest.raises(CheckpointError, match=r"not numbers, in blocks\.0\.norm1\.bias"):
        read_encoder(inspect(path))


def test_the_loaded_model_does_not_need_its_file_any_more(golden, path: Path, state):
    path.write_bytes(golden.weights.read_bytes())
    model = read_autoencoder(inspect(path, need_decoder=True))
    path.write_bytes(b"")
    assert _same(model, state)


def test_saving_and_loading_gives_the_same_model_heads_and_names(small_model: AutoEncoder, path: Path):
    save_checkpoint(small_model, path, {"step": "12"})
    checkpoint = inspect(path, need_decoder=True)
    assert checkpoint.config == small_model.config
    assert checkpoint.metadata["name"] == "small"
    assert checkpoint.metadata["random"] == "true"
    assert checkpoint.metadata["step"] == "12"
    assert _same(read_autoencoder(checkpoint), small_model.state_dict())
    assert [p.name for p in path.parent.iterdir()] == ["model.safetensors"]


def test_saving_what_was_trained_replaces_the_file_whole(small_model: AutoEncoder, path: Path):
    save_checkpoint(small_model, path)
    save_checkpoint(small_model, path, {"random": "false", "title": "trained"})
    metadata = inspect(path).metadata
    assert (metadata["random"], metadata["title"]) == ("false", "trained")


def test_a_file_that_cannot_be_written_leaves_nothing(small_model: AutoEncoder, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(small_model, tmp_path / "file" / "model.safetensors")
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(small_model, tmp_path / "absent" / "model.safetensors")
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(small_model, tmp_path / "model.safetensors")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "model.safetensors"]
