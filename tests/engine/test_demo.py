"""The demonstration runs without any download, and takes real rasters where they are."""

from __future__ import annotations

import rasterio

from engine.demo import main, real_pair


def test_simulated_pair_is_embedded_and_drawn(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SMARTIES_DATA", str(tmp_path / "nowhere"))
    assert real_pair() is None
    main(tmp_path / "demo")
    out = capsys.readouterr().out
    assert "simulated" in out and "embedding.tif" in out and " s on CPU" in out and "ViT-Ti" in out
    with rasterio.open(tmp_path / "demo" / "embedding_pca.png") as picture:
        assert picture.count == 4 and picture.read(1).std() > 20


def test_real_pair_is_preferred(data_dir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SMARTIES_DATA", str(data_dir))
    main(tmp_path / "demo")
    assert "A real Sentinel-1 + Sentinel-2 pair" in capsys.readouterr().out
    main(tmp_path / "demo")
