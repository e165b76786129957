from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from engine.model._torchvision import declare_operators


def test_timm_and_torchvision_import_after_the_package_whatever_the_build_of_torch():
    code = "import engine.model, timm, torchvision; print('imported')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "imported", done.stderr


def test_a_cuda_build_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert declare_operators() is None


def test_declaring_twice_is_no_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    assert declare_operators() is not None
