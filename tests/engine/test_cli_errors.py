"""Must hold 4: what cannot run ends in one clear sentence, exit code 2, and nothing written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from engine.cli import main
from engine.log import log_path

TRANSFORM = from_origin(500000, 4600000, 10, 10)


def write(path: Path, values: np.ndarray, names: list[str] | None = None, **profile: object) -> Path:
    count, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=count, dtype=values.dtype,
        crs="EPSG:32631", transform=TRANSFORM, **profile,
    ) as target:  # fmt: skip
        target.write(values)
        for number, name in enumerate(names or [], start=1):
            target.set_band_description(number, name)
    return path


def radar_db(rng: np.random.Generator, mean: float) -> np.ndarray:
    return rng.normal(mean, 3, (64, 64)).astype(np.float32)


def refused(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Runs the command, checks exit code 2, one paragraph on stderr, and an unchanged folder; returns the message."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    captured = capsys.readouterr()
    assert ended.value.code == 2, captured.err
    assert "Traceback" not in captured.err
    message = [line for line in captured.err.splitlines() if line.startswith("Error: ")]
    assert len(message) == 1, captured.err
    assert len(message[0]) < 600
    assert sorted(folder.rglob("*")) == before
    return message[0]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def sentinel2(tmp_path: Path, rng: np.random.Generator) -> Path:
    names = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
    folder = tmp_path / "input"
    folder.mkdir()
    values = rng.integers(200, 3000, (12, 64, 64)).astype(np.uint16)
    return write(folder / "S2A_MSIL2A_20200101T000000_N0214_R001_T31TFJ_20200101T000000.tif", values, names)


def test_band_without_wavelength(tmp_path, rng, capsys):
    source = write(tmp_path / "unknown.tif", rng.integers(0, 3000, (5, 64, 64)).astype(np.uint16))
    message = refused(["embed", str(source), "--out", str(tmp_path / "out.tif")], tmp_path, capsys)
    assert "wavelength" in message and "--sensor" in message and "--bands" in message


def test_band_outside_the_spectrum(tmp_path, rng, capsys):
    source = write(tmp_path / "uv.tif", rng.integers(0, 3000, (1, 64, 64)).astype(np.uint16))
    table = tmp_path / "bands.json"
    table.write_text(json.dumps({"units": "nm", "bands": [{"name": "ultraviolet", "centre": 365}]}))
    out = str(tmp_path / "out.tif")
    message = refused(["embed", str(source), "--bands", str(table), "--out", out], tmp_path, capsys)
    assert "365" in message and "422" in message
    message = refused(["embed", str(source), "--bands", str(table), "--out", out, "--allow-outside"], tmp_path, capsys)
    assert "365" in message


def test_cirrus_needs_the_users_word(tmp_path, rng, capsys):
    source = write(tmp_path / "cirrus.tif", rng.integers(0, 3000, (1, 64, 64)).astype(np.uint16))
    table = tmp_path / "bands.json"
    table.write_text(json.dumps({"units": "nm", "bands": [{"name": "cirrus", "centre": 1375, "enabled": True}]}))
    out = str(tmp_path / "out.tif")
    message = refused(["embed", str(source), "--bands", str(table), "--out", out], tmp_path, capsys)
    assert "1375" in message and "--allow-outside" in message


@pytest.mark.parametrize("polarisations", [["HH", "HV"], ["VV", "HV"]])
def test_polarisations_that_were_not_learnt(tmp_path, rng, capsys, polarisations):
    values = np.stack([radar_db(rng, -10), radar_db(rng, -16)])
    source = write(tmp_path / "S1A_EW_GRDM_1SDH_20200101T000000.tif", values, polarisations)
    message = refused(["embed", str(source), "--out", str(tmp_path / "out.tif")], tmp_path, capsys)
    assert "HV" in message or "HH" in message
    assert "polarisation" in message


def test_decibel_mixed_with_linear_power(tmp_path, rng, capsys):
    vv, vh = radar_db(rng, -10), (10 ** (radar_db(rng, -16) / 10)).astype(np.float32)
    source = write(tmp_path / "S1A_IW_GRDH_1SDV_20200101T000000.tif", np.stack([vv, vh]), ["VV", "VH"])
    message = refused(["embed", str(source), "--out", str(tmp_path / "out.tif")], tmp_path, capsys)
    assert "dB" in message and "linear" in message


def test_decibel_given_as_sentinel2(tmp_path, rng, capsys):
    source = write(tmp_path / "s2.tif", np.stack([radar_db(rng, -12)] * 12))
    arguments = ["embed", str(source), "--sensor", "sentinel-2-l2a", "--out", str(tmp_path / "out.tif")]
    assert "Sentinel-2" in refused(arguments, tmp_path, capsys)


def test_digital_numbers_given_as_sentinel1(tmp_path, rng, capsys):
    source = write(tmp_path / "s1.tif", rng.integers(300, 6000, (2, 64, 64)).astype(np.uint16))
    arguments = ["embed", str(source), "--sensor", "sentinel-1-grd", "--out", str(tmp_path / "out.tif")]
    assert "dB" in refused(arguments, tmp_path, capsys)


def test_missing_checkpoint(tmp_path, sentinel2, capsys):
    arguments = ["embed", str(sentinel2), "--model", str(tmp_path / "no.safetensors"), "--out", str(tmp_path / "o.tif")]
    assert "no.safetensors" in refused(arguments, tmp_path, capsys)


def test_model_not_downloaded_yet(tmp_path, sentinel2, capsys, monkeypatch):
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path / "models"))
    arguments = ["embed", str(sentinel2), "--model", "smarties-v1-vit-b", "--out", str(tmp_path / "o.tif")]
    assert "smarties fetch smarties-v1-vit-b" in refused(arguments, tmp_path, capsys)


@pytest.mark.parametrize("damage", ["truncated", "foreign", "text"])
def test_damaged_or_foreign_checkpoint(tmp_path, sentinel2, capsys, damage):
    import torch
    from safetensors.torch import save_file

    from engine.model import load_encoder
    from engine.model.checkpoints import save_checkpoint

    file = tmp_path / f"{damage}.safetensors"
    if damage == "truncated":
        save_checkpoint(load_encoder("smarties-tiny"), file)
        file.write_bytes(file.read_bytes()[:-1000])
    elif damage == "foreign":
        save_file({"conv1.weight": torch.zeros(8, 3, 7, 7)}, file)
    else:
        file.write_text("these are not weights")
    arguments = ["embed", str(sentinel2), "--model", str(file), "--out", str(tmp_path / "out.tif")]
    assert file.name in refused(arguments, tmp_path, capsys)


def test_existing_output_is_kept(tmp_path, sentinel2, capsys):
    out = tmp_path / "out.tif"
    out.write_bytes(b"the user's work")
    message = refused(["embed", str(sentinel2), "--out", str(out)], tmp_path, capsys)
    assert "--overwrite" in message
    assert out.read_bytes() == b"the user's work"


def test_folder_that_cannot_be_written(tmp_path, sentinel2, capsys, monkeypatch):
    locked = tmp_path / "locked"
    locked.mkdir()
    if os.geteuid() == 0:
        # root may write anywhere but into the kernel's own folders
        out = Path("/proc/out.tif") if Path("/proc/self").exists() else pytest.skip("no read-only folder for root")
    else:
        locked.chmod(0o555)
        out = locked / "out.tif"
    message = refused(["embed", str(sentinel2), "--out", str(out)], tmp_path, capsys)
    assert "out.tif" in message or str(out.parent) in message


def test_missing_output_folder(tmp_path, sentinel2, capsys):
    assert "nowhere" in refused(
        ["embed", str(sentinel2), "--out", str(tmp_path / "nowhere" / "o.tif")], tmp_path, capsys
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [("--chip", "0"), ("--chip", "5000"), ("--overlap", "1"), ("--min-valid", "2"), ("--batch", "0"),
     ("--crs", "EPSG:99999999"), ("--resolution", "-5"), ("--extent", "5,5,1,1"), ("--sensor", "sentinel-9"),
     ("--statistics", "nothing.json")],
)  # fmt: skip
def test_impossible_settings(tmp_path, sentinel2, capsys, option, value):
    refused(["embed", str(sentinel2), "--out", str(tmp_path / "out.tif"), option, value], tmp_path, capsys)


@pytest.mark.parametrize("content", [b"", b"not a raster", b"II*\x00\x08\x00\x00\x00"])
def test_file_that_is_no_raster(tmp_path, capsys, content):
    source = tmp_path / "broken.tif"
    source.write_bytes(content)
    assert "broken.tif" in refused(["embed", str(source), "--out", str(tmp_path / "out.tif")], tmp_path, capsys)


def test_a_defect_is_logged_and_named_as_such(tmp_path, capsys, monkeypatch, sentinel2):
    import engine.tasks.embed

    def defect(*_: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(engine.tasks.embed, "run", defect)
    with pytest.raises(SystemExit) as ended:
        main(["embed", str(sentinel2), "--out", str(tmp_path / "out.tif")])
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error and "engine.log" in error
    assert "deep inside" in log_path().read_text()
