"""What a run would do: the plan that ``--dry-run`` prints. Of the data only the headers are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.model.config import CONFIGS
from engine.model.devices import choose_precision, describe_device
from train.data.shards import Collection, Side
from train.distributed import Ranks
from train.memory import record_bytes, sizes_of, weight_bytes
from train.recipe import Recipe
from train.watch.flops import record_flops, visible_tokens
from train.watch.matrix_rate import measured_rate
from train.watch.progress_line import flops_words

#: The share of the matrix rate that a good run reaches, by which the hours are reckoned.
SHARE = 0.4
#: The dense bfloat16 rate of NVIDIA's data sheets, for planning a run before one has the machine.
_KNOWN_RATES = {"A100": 312e12, "H100": 989e12}


@dataclass(frozen=True)
class _Row:
    """A collection and its share of the pairs."""

    path: str
    collection: Collection
    share: float


def describe_plan(recipe: Recipe, ranks: Ranks, rate_flops_per_s: float | None = None) -> str:
    """The plan as text. ``rate_flops_per_s`` is a rank's matrix rate; None measures that of this device.

    SourceError where a collection is absent, DeviceError for a precision that the device does not offer.
    """
    collections = [Collection(Path(recipe.data_root) / source.path) for source in recipe.data]
    lengths = [len(collection) for collection in collections]
    weights = [source.weight or length for source, length in zip(recipe.data, lengths, strict=True)]
    rows = [
        _Row(source.path, collection, weight / sum(weights))
        for source, collection, weight in zip(recipe.data, collections, weights, strict=True)
    ]
    precision = choose_precision(recipe.precision, ranks.device)
    measured = rate_flops_per_s is None
    rate = measured_rate(ranks.device, precision == "bf16") if rate_flops_per_s is None else rate_flops_per_s
    device = describe_device(ranks.device, precision)
    lines = [
        *_model(recipe),
        *_data(rows),
        *_course(recipe, ranks, sum(lengths)),
        *_memory(recipe, ranks, rows, precision == "bf16"),
        *_work(recipe, ranks, rows, rate, f"measured, {device}" if measured else "as given"),
    ]
    return "\n".join(lines)


def _model(recipe: Recipe) -> list[str]:
    config, sizes = CONFIGS[recipe.model], sizes_of(CONFIGS[recipe.model])
    decoder = config.decoder
    assert decoder is not None
    start = f"the weights of {recipe.start_from}" if recipe.start_from else f"random weights of seed {recipe.seed}"
    return [
        f"Model       {recipe.model}, patches of {config.patch} px, from {start}",
        f"            encoder {config.depth} blocks, {config.width} wide, {config.num_heads} heads;"
        f" decoder {decoder.depth} blocks, {decoder.width} wide, {decoder.num_heads} heads",
        f"            {sizes.parameters:,} parameters: encoder {sizes.encoder:,},"
        f" decoder {sizes.parameters - sizes.encoder:,}",
    ]


def _data(rows: list[_Row]) -> list[str]:
    table = [("", "records", "share", "sensors", "licence")]
    for row in rows:
        sensors = " + ".join(_side(side) for side in row.collection.sides)
        table.append((row.path, f"{len(row.collection):,}", f"{row.share:.1%}", sensors, row.collection.licence))
    widths = [max(len(cells[column]) for cells in table) for column in range(4)]
    return [
        f"{'Data' if number == 0 else '':12}{name:{widths[0]}}  {records:>{widths[1]}}  {share:>{widths[2]}}"
        f"  {sensors:{widths[3]}}  {licence}"
        for number, (name, records, share, sensors, licence) in enumerate(table)
    ]


def _side(side: Side) -> str:
    bands = "1 band" if len(side.bands) == 1 else f"{len(side.bands)} bands"
    return f"{side.sensor} ({bands}, {side.width} px, {side.dtype})"


def _course(recipe: Recipe, ranks: Ranks, records: int) -> list[str]:
    steps, warmup = recipe.lengths(records)
    tokens = recipe.tokens
    parts = "1 part" if recipe.parts == 1 else f"{recipe.parts} parts of {recipe.part_size}"
    if recipe.part_size % ranks.world:
        per_rank = f"do NOT divide among {ranks.world} ranks"
    elif ranks.world == 1:
        per_rank = "all on one rank"
    else:
        per_rank = f"{recipe.part_size // ranks.world} of a part on each of {ranks.world} ranks"
    norm = "patches normalised (norm_pix)" if recipe.norm_pix else "pixels as they are"
    return [
        f"Batch       {recipe.batch:,} pairs in {parts}, {per_rank}",
        f"Length      {steps:,} steps, warm-up {warmup:,}; {steps * recipe.batch / records:,.1f} epochs of"
        f" {records:,} records",
        f"Rate        {recipe.peak_lr:.3g} at its peak ({recipe.base_lr:g} × {recipe.batch} / 256), then a cosine to 0;"
        f" weight decay {recipe.weight_decay:g}, β₂ {recipe.beta_2:g}",
        f"Task        {recipe.size} px = {tokens} tokens, {visible_tokens(tokens)} visible; mixup {recipe.mixup};"
        f" targets: {norm}",
    ]


def _memory(recipe: Recipe, ranks: Ranks, rows: list[_Row], bf16: bool) -> list[str]:
    config, sizes = CONFIGS[recipe.model], sizes_of(CONFIGS[recipe.model])
    kept = weight_bytes(sizes, ranks.world, recipe.sharding == "fsdp", bf16)
    pairs = max(1, recipe.part_size // ranks.world)
    # On a CPU attention is not fused (train/step.py).
    fused = ranks.device.type == "cuda"
    per_record = max(record_bytes(config, recipe.tokens, _bands(row), bf16, fused) for row in rows)
    total = sum(kept.values()) + pairs * per_record
    saved = 4 * sizes.parameters + 8 * sizes.trained
    spread = f", spread over {ranks.world} ranks" if recipe.sharding == "fsdp" and ranks.world > 1 else ""
    return [
        f"Memory      about {_bytes(total)} per rank without compilation: "
        + ", ".join(f"{name} {_bytes(size)}" for name, size in kept.items())
        + spread
        + f", {pairs} pairs × {_bytes(per_record)}",
        "            of a pair: per sensor, block and token 14 × width values in the precision of the products and 2 ×"
        " width in",
        "            float32 (encoder: visible tokens, decoder: all), then 4 bytes × bands × pixels: image, patches,"
        " and of",
        "            hidden tokens prediction, target, difference"
        + ("" if fused else "; on a CPU also 4 bytes × heads × tokens² of the attention"),
        f"Checkpoint  {_bytes(saved)} every {recipe.checkpoint_minutes:g} min, the last two are kept",
    ]


def _work(recipe: Recipe, ranks: Ranks, rows: list[_Row], rate: float, source: str) -> list[str]:
    config = CONFIGS[recipe.model]
    per_pair = sum(row.share * record_flops(config, recipe.tokens, _bands(row), recipe.mixup) for row in rows)
    steps, _ = recipe.lengths(sum(len(row.collection) for row in rows))
    per_step = per_pair * recipe.batch
    whole = per_step * steps
    known = "; ".join(
        f"{_time(whole / (SHARE * peak * ranks.world))} on {ranks.world} × {name} ({flops_words(peak)})"
        for name, peak in _KNOWN_RATES.items()
    )
    return [
        f"Work        {_flop(per_pair)} per pair, {_flop(per_step)} per step, {_flop(whole)} in all",
        f"Time        {_time(whole / (SHARE * rate * ranks.world))} at {SHARE:.0%} of {flops_words(rate)} per rank"
        f" ({source})",
        f"            at {SHARE:.0%} of the data sheet's bf16 rate: {known}",
    ]


def _bands(row: _Row) -> list[int]:
    return [len(side.bands) for side in row.collection.sides]


def _bytes(count: float) -> str:
    for size, unit in ((1e9, "GB"), (1e6, "MB")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count / 1e3:.3g} kB"


def _flop(count: float) -> str:
    for size, unit in ((1e18, "E"), (1e15, "P"), (1e12, "T")):
        if count >= size:
            return f"{count / size:.3g} {unit}FLOP"
    return f"{count / 1e9:.3g} GFLOP"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 360_000 else f"{seconds / 86400:.0f} days"
