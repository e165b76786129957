"""Which build of PyTorch a GPU gets."""

from __future__ import annotations

import pytest
from smarties.qgis_plugin.engine_link.torch_builds import Gpu, TorchBuild, choose_build, find_gpus, parse_gpus


@pytest.mark.parametrize(
    ("driver", "capability", "platform", "tag"),
    [
        ((580, 95, 5), (9, 0), "linux", "cu130"),
        ((580, 0), (12, 0), "win32", "cu130"),
        ((580, 95, 5), (7, 5), "linux", "cu130"),
        ((580, 95, 5), (7, 0), "linux", "cu126"),
        ((580, 95, 5), (6, 1), "linux", "cu126"),
        ((570, 0), (8, 9), "linux", "cu126"),
        ((525, 60, 13), (8, 0), "linux", "cu126"),
        ((528, 33), (8, 6), "win32", "cu126"),
        ((580, 95, 5), (0, 0), "linux", "cu130"),
        ((550, 54), (0, 0), "linux", "cu126"),
    ],
)
def test_the_newest_build_that_the_driver_and_the_gpu_take(driver, capability, platform, tag):
    build = choose_build(Gpu("a GPU", driver, capability), platform)
    assert isinstance(build, TorchBuild) and build.tag == tag


@pytest.mark.parametrize(
    ("driver", "capability", "platform", "sentence"),
    [
        ((580, 95, 5), (3, 7), "linux", "no longer supports the a GPU (compute capability 3.7)"),
        ((525, 60, 11), (8, 0), "linux", "The driver 525.60.11 of the a GPU is too old: version 525.60.13 or newer"),
        ((527, 0), (8, 0), "win32", "version 528.33 or newer"),
        ((570, 0), (12, 0), "linux", "version 580 or newer"),
        ((580, 0), (9, 0), "darwin", "no CUDA build for macOS"),
    ],
)
def test_why_there_is_none(driver, capability, platform, sentence):
    assert sentence in choose_build(Gpu("a GPU", driver, capability), platform)


def test_the_most_capable_gpu_comes_first_and_noise_is_skipped():
    text = "Quadro P400, 580.95.05, 6.1\r\nNVIDIA H200, 580.95.05, 9.0\r\nNo devices were found\n\n"
    assert [gpu.name for gpu in parse_gpus(text)] == ["NVIDIA H200", "Quadro P400"]
    assert parse_gpus("NVIDIA-SMI has failed because it couldn't communicate with the driver") == []


def test_an_old_tool_that_knows_no_capability_is_asked_again(tmp_path):
    tool = tmp_path / "nvidia smi é"
    tool.write_text(
        "#!/bin/sh\ncase $1 in *compute_cap*) echo 'Field \"compute_cap\" is not a valid field'; exit 2;; esac\n"
        "echo 'Tesla V100, 450.80.02'\n"
    )
    tool.chmod(0o755)
    assert find_gpus(tool) == [Gpu("Tesla V100", (450, 80, 2), (0, 0))]


def test_a_tool_that_hangs_or_is_absent_is_no_gpu(tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexec sleep 60\n")
    tool.chmod(0o755)
    assert find_gpus(tool, timeout_s=0.3) == []
    assert find_gpus(tmp_path / "absent") == []
