"""The record of benchmarks/gpu.py: written after every stage, as JSON and as a page with the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.gpu_setting import Setting
from benchmarks.machine import machine

#: Wanted: this share of the matrix rate in the encoder; a scene in so many seconds; the whole at most so many times
#: the slowest of its three parts.
SHARE, SCENE_S, OVERLAPPED = 0.55, 2.5, 1.15


class Record:
    """What was measured so far, and the files it is in."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        self.content: dict[str, Any] = {
            "benchmark": "gpu",
            "machine": machine(),
            "smoke": setting.smoke,
            "stages": {},
        }
        kind = "smoke" if setting.smoke else str(self.content["machine"]["gpu"]).replace(" ", "-")
        self._path = folder / f"gpu-{kind}-{self.content['machine']['date']}"
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, stage: str, found: dict[str, Any]) -> None:
        """Adds figures to a stage, and writes all there is."""
        self.content["stages"].setdefault(stage, {}).update(found)
        text = json.dumps(self.content, indent=1, ensure_ascii=False)
        self._path.with_name(f"{self._path.name}.json").write_text(text + "\n")
        self._path.with_name(f"{self._path.name}.md").write_text(self.page())

    def page(self) -> str:
        """The record as Markdown."""
        where, stages = self.content["machine"], self.content["stages"]
        head = (
            f"# On a GPU\n\n{where['date']}, {where['gpu'] or where['processor']}, torch {where['torch']}, rasterio"
            f" {where['rasterio']}."
        )
        if self.content["smoke"]:
            head += " **A small run to show that the script works: its figures mean nothing.**"
        parts = [head]
        for name, found in stages.items():
            if "failed" in found:
                parts.append(f"**{name} failed:** {found['failed']}")
        makers = {
            "environment": _environment,
            "agreement": _agreement,
            "encoder": _encoder,
            "chips": _chips,
            "scene": _scene,
            "memory": _memory,
        }
        parts += [make(stages[name]) for name, make in makers.items() if name in stages and len(stages[name]) > 0]
        return "\n\n".join(filter(None, parts)) + "\n"


def _environment(found: dict[str, Any]) -> str:
    if "cores" not in found:
        return ""
    return (
        f"{found['cores']} cores, GDAL {found['gdal']}, driver {found['driver'] or 'none'}, compiler"
        f" {found['compiler'] or 'none'}, Triton {found['triton'] or 'none'}; main memory to the GPU"
        f" {found['up_gb_s']:.1f} GB/s, back {found['down_gb_s']:.1f} GB/s (pinned). Integers arrive unchanged:"
        f" {', '.join(found['types'])}."
    )


def _agreement(found: dict[str, Any]) -> str:
    rows = [
        f"| {model} | {each['fp32']:.1e} | {each['bf16']:.1e} | {each['cosine']:.4f} |"
        for model, each in found.items()
        if model != "failed"
    ]
    return (
        "## Agreement with the processor in float32\n\nOn tiles of the scene: ‖difference‖ over ‖features‖, and the"
        " least cosine of two vectors of one token, bfloat16 against float32.\n\n"
        "| | float32 | bfloat16 | least cosine |\n|---|---|---|---|\n" + "\n".join(rows)
        if rows
        else ""
    )


def _encoder(found: dict[str, Any]) -> str:
    lines = []
    for model, each in found.items():
        if model == "failed":
            continue
        rate = each["matrix_flops_per_second"]
        for case in each["cases"]:
            share = case["flops"] / case["seconds"] / rate
            lines.append(
                f"| {model} | {case['way']} | {case['batch']} | {case['batch'] / case['seconds']:,.0f} | {share:.0%} |"
            )
        for batch, took in each["compile_s"].items():
            lines.append(f"| {model} | compiled | {batch} | first call: {took:.1f} s | |")
    rates = "; ".join(
        f"{model}: {each['matrix_before'] / 1e12:.0f} before, {each['matrix_after'] / 1e12:.0f} TFLOP/s after"
        for model, each in found.items()
        if model != "failed"
    )
    return (
        f"## Encoder\n\nHarmonised images of 12 bands at 224 px. Wanted: {SHARE:.0%} of the rate of plain matrix"
        f" products, measured here ({rates}).\n\n"
        "| | | batch | images/s | of the matrix rate |\n|---|---|---|---|---|\n" + "\n".join(lines)
    )


def _chips(found: dict[str, Any]) -> str:
    rows = [
        f"| {model} | {case['batch']} | {case['batch'] / case['seconds']:,.0f} |"
        f" {case['prepare_seconds'] / case['seconds']:.0%} |"
        for model, cases in found.items()
        if model != "failed"
        for case in cases
    ]
    return (
        "## From raw integers in the GPU's memory\n\nUInt16 chips of 112 px: harmonised, resized, encoded; and the"
        " share of the time before the encoder.\n\n"
        "| | batch | chips/s | harmonise and resize |\n|---|---|---|---|\n" + "\n".join(rows)
    )


def _scene(found: dict[str, Any]) -> str:
    if "cases" not in found:
        return ""
    rows = []
    for case in found["cases"]:
        alone = [case.get(name) for name in ("reader_s", "device_s", "writer_s")]
        cells = ["" if value is None else f"{value:.2f}" for value in alone]
        whole = case.get("whole_s")
        ratio = whole / max(value for value in alone if value) if whole and all(alone) else None
        told = f"{whole:.2f}" if whole else case.get("left_out", "")
        rows.append(
            f"| {case['model']} | {case['level']}, {case['dtype']} | {' | '.join(cells)} | {told} |"
            f" {'' if ratio is None else f'{ratio:.2f}×'} |"
        )
    return (
        f"## A scene\n\n{found['side']:,}² × 12, ZSTD COG of {found['bytes'] / 1e9:.2f} GB in the page cache,"
        f" {found['tiles']:,} chips of 112 px that touch; seconds, the second run in one process. Wanted for ViT-B:"
        f" {SCENE_S} s, and the whole at most {OVERLAPPED}× the slowest of the three.\n\n"
        "| | output | reader alone | device alone | writer alone | whole | of the slowest |\n"
        "|---|---|---|---|---|---|---|\n" + "\n".join(rows) + f"\n\n{found['remark']}"
    )


def _memory(found: dict[str, Any]) -> str:
    rows = [
        f"| {case['free_mb']:,.0f} MB | {case['first_batch']} | {case['last_batch']} | {case['device']} |"
        f" {case['difference']:.1e} | {' '.join(case['notes'])} |"
        for case in found.get("cases", ())
    ]
    return (
        "## Where the memory is taken\n\nAnother owner leaves the model so much of the GPU's memory after it was loaded"
        ".\n\n| left | first batch | last batch | ended on | difference | the user reads |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        if rows
        else str(found.get("remark", ""))
    )
