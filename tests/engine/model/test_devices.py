from __future__ import annotations

import re

import pytest
import torch

from engine.errors import DeviceError
from engine.model.devices import choose_device, choose_precision, describe_device

CPU = torch.device("cpu")


@pytest.fixture
def cpu_with(monkeypatch: pytest.MonkeyPatch):
    def set_features(amx: bool, avx512_bf16: bool) -> None:
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16, raising=False)

    return set_features


def test_auto_takes_a_gpu_where_one_works_and_the_cpu_elsewhere():
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_cuda_without_a_gpu_is_one_clear_sentence(device: str):
    with pytest.raises(DeviceError, match="CUDA was asked for") as caught:
        choose_device(device)
    assert "cpu" in caught.value.hint


@pytest.mark.parametrize("device", ["gpu", "mps", "cuda:first", "cpu:1", ""])
def test_an_unknown_device_lists_the_known_ones(device: str):
    with pytest.raises(DeviceError, match="There is no device") as caught:
        choose_device(device)
    assert "auto, cpu, cuda" in caught.value.hint


def test_a_gpu_that_fails_its_first_kernel_is_not_taken_by_auto(monkeypatch: pytest.MonkeyPatch):
    def no_kernel(device: torch.device) -> str:
        return "no kernel image is available"

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("engine.model.devices._cuda_trouble", no_kernel)
    assert choose_device("auto") == CPU
    with pytest.raises(DeviceError, match="no kernel image"):
        choose_device("cuda")


@pytest.mark.parametrize(("amx", "avx512_bf16"), [(True, False), (False, True)])
def test_bf16_on_a_cpu_with_instructions_for_it(cpu_with, amx: bool, avx512_bf16: bool):
    cpu_with(amx, avx512_bf16)
    assert choose_precision("auto", CPU) == "bf16"
    assert choose_precision("bf16", CPU) == "bf16"
    assert choose_precision("fp32", CPU) == "fp32"


def test_no_bf16_on_a_cpu_without(cpu_with):
    cpu_with(False, False)
    assert choose_precision("auto", CPU) == "fp32"
    with pytest.raises(DeviceError, match="bf16 was asked for") as caught:
        choose_precision("bf16", CPU)
    assert "fp32" in caught.value.hint


def test_a_build_of_torch_that_cannot_tell_gets_no_bf16(monkeypatch: pytest.MonkeyPatch):
    for question in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, question, raising=False)
    assert choose_precision("auto", CPU) == "fp32"


@pytest.mark.parametrize("precision", ["fp16", "float32", ""])
def test_an_unknown_precision_lists_the_known_ones(precision: str):
    with pytest.raises(DeviceError, match="There is no precision") as caught:
        choose_precision(precision, CPU)
    assert "auto, fp32, bf16" in caught.value.hint


def test_the_description_names_cores_instructions_and_precision():
    assert re.fullmatch(r"CPU \(\d+ cores?(, \w+)*\), fp32", describe_device(CPU, "fp32"))
    assert str(torch.get_num_threads()) in describe_device(CPU, "fp32")
