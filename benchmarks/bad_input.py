"""Does every bad file end in a result or in one sentence? Describe and embed over a folder of damaged and odd rasters.

    OMP_NUM_THREADS=1 python benchmarks/bad_input.py FOLDER [--processes 2] [--only GLOB]

Each file is described, embedded with what it says of its bands, and embedded once more with a made band table and
large chips, so that its pixels are read too. Every run is a process group of its own with its own temp and output
folder, forked from one that has the libraries loaded; the time to load them is measured once and counts towards every
run. A run passes when it ends in time with exit code 0, or with exit code 2 and one sentence with its remedy, no
traceback or other noise on stderr, its memory bounded, no process and no file left behind, and the folder of the inputs
as it was.
Prints a table, writes JSON and Markdown to benchmarks/results, and exits with 1 where a run did not pass.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine  # noqa: E402
from engine.options import MAX_CHIP_PX  # noqa: E402

LIMIT_S = 20.0
#: The libraries take half a gigabyte, a strip of a wide raster and its tiles another.
LIMIT_BYTES = 2 * 2**30
#: Characters of a message and its hint.
LIMIT_TEXT = 700
MODES = ("describe", "embed", "embed with a band table")
#: What a run that ends well may say on stderr: its progress, and notes.
_EXPECTED = re.compile(r"^(?:\s*\d{1,3}% .*|Note: .*|)$")
_POLL_S = 0.02
#: Of a larger raster the second embedding makes about so many tiles: all of it is read, which is what it is for. One
#: beyond the limit is sound, but takes its time: of it the run is only planned.
TILES = 16
MAX_PIXELS = 16_000_000
_LOADS = "import engine.cli, engine.tasks.describe, engine.tasks.embed, engine.model.load"


@dataclass(frozen=True)
class Run:
    """One run: what it was, how it ended, and why it did not pass (empty where it did)."""

    file: str
    mode: str
    code: int
    seconds: float
    peak_bytes: int
    said: str
    faults: tuple[str, ...]


@dataclass(frozen=True)
class _Described:
    """What the second embedding of a file needs to know of it."""

    bands: int
    pixels: int


@dataclass
class _Child:
    pid: int
    place: Path
    file: Path
    mode: str
    writes: bool
    started: float
    killed: bool = False


def main() -> None:
    """Run everything, print, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of rasters, looked through to its depth")
    parser.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--only", default="*", help="files whose name fits this pattern")
    parser.add_argument("--limit-s", type=float, default=LIMIT_S)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    files = sorted(path for path in folder.rglob(arguments.only) if path.is_file())
    if not files:
        sys.exit(f"{folder} holds no files")
    before = listing(folder)
    start_s = start_up()
    import_libraries()
    with tempfile.TemporaryDirectory(prefix="bad-input-") as work:
        place = Path(work)
        runs = list(run_all(files, folder, place, arguments.processes, arguments.limit_s - start_s))
    record: dict[str, Any] = {
        "benchmark": "bad_input",
        "machine": machine(),
        "files": len(files),
        "limit_s": arguments.limit_s,
        "start_s": start_s,
        "processes": arguments.processes,
        "inputs_unchanged": listing(folder) == before,
        "runs": [asdict(run) for run in runs],
    }
    text = page(record)
    print(text)
    if arguments.only == "*":
        name = f"bad-input-{record['machine']['date']}"
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / f"{name}.json").write_text(json.dumps(summary(record), indent=1, ensure_ascii=False) + "\n")
        (arguments.out / f"{name}.md").write_text(text)
    sys.exit(0 if record["inputs_unchanged"] and not any(run.faults for run in runs) else 1)


def start_up() -> float:
    """Seconds in which a program of its own loads what a run needs."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", _LOADS], cwd=ROOT, check=True)
    return time.perf_counter() - started


def import_libraries() -> None:
    """Load what every run needs, once; GDAL registers its drivers in each child."""
    import engine.cli
    import engine.model.load
    import engine.tasks.describe
    import engine.tasks.embed  # noqa: F401


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """Names, sizes and times of all files: what a run must leave as it was."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def run_all(files: list[Path], folder: Path, work: Path, processes: int, limit_s: float) -> Iterator[Run]:
    """All files in all modes, a few at a time. The second embedding needs the number of bands that describe tells."""
    waiting: list[tuple[Path, str, _Described | None]] = [(file, MODES[0], None) for file in reversed(files)]
    running: list[_Child] = []
    number = 0
    while waiting or running:
        while waiting and len(running) < processes:
            file, mode, made = waiting.pop()
            number += 1
            running.append(start(file, folder, mode, made, work / str(number)))
        ended = [child for child in running if (child.killed or is_over(child, limit_s)) and poll(child)]
        for child in ended:
            running.remove(child)
            run, described = finish(child, folder, limit_s)
            if run.faults:
                print(f"{run.file}, {run.mode}: {'; '.join(run.faults)}", file=sys.stderr, flush=True)
            yield run
            if child.mode == MODES[0]:
                waiting.append((child.file, MODES[1], None))
                if described is not None:
                    waiting.append((child.file, MODES[2], described))
        if not ended:
            time.sleep(_POLL_S)


def is_over(child: _Child, limit_s: float) -> bool:
    """Kill a child that is out of time; True always, so that it is asked for its end."""
    if time.perf_counter() - child.started > limit_s:
        child.killed = True
        os.killpg(child.pid, signal.SIGKILL)
    return True


_ENDED: dict[int, tuple[int, int]] = {}


def poll(child: _Child) -> bool:
    """True once the child has ended; its status and memory are then in ``_ENDED``."""
    pid, status, usage = os.wait4(child.pid, os.WNOHANG)
    if pid == 0:
        return False
    _ENDED[child.pid] = (status, usage.ru_maxrss * 1024)
    return True


def start(file: Path, folder: Path, mode: str, described: _Described | None, place: Path) -> _Child:
    """Fork a process that leads a group of its own and runs the command."""
    for name in ("temp", "out", "state"):
        (place / name).mkdir(parents=True)
    arguments = ["describe", str(file), "--json"]
    if mode != MODES[0]:
        arguments = ["embed", str(file), "--out", str(place / "out" / "E.tif")]
    if described is not None:
        (place / "state" / "bands.json").write_text(band_table(described.bands))
        arguments += ["--bands", str(place / "state" / "bands.json"), "--statistics", "estimate", "--overlap", "0"]
        arguments += ["--chip", str(min(MAX_CHIP_PX, max(112, math.isqrt(described.pixels // TILES))))]
        if described.pixels > MAX_PIXELS:
            arguments.append("--dry-run")
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        writes = mode != MODES[0] and "--dry-run" not in arguments
        return _Child(pid, place, file, mode, writes, time.perf_counter())
    try:
        _become(place, folder, arguments)
    finally:
        os._exit(99)


def _become(place: Path, folder: Path, arguments: list[str]) -> None:
    """In the child: its own group, folders and streams, then the command, which never comes back."""
    os.setpgid(0, 0)
    os.chdir(place / "temp")
    names = {"SMARTIES_LOG": "engine.log", "SMARTIES_MODELS": "models", "SMARTIES_CACHE": "cache", "HOME": "home"}
    os.environ.update({name: str(place / "state" / value) for name, value in names.items()})
    # Who gives a folder of files means them all: VRT files may name their neighbours further up.
    os.environ.update(TMPDIR=str(place / "temp"), SMARTIES_ALLOWED_FOLDERS=str(folder))
    tempfile.tempdir = None
    for number, name in ((0, os.devnull), (1, place / "state" / "stdout"), (2, place / "state" / "stderr")):
        descriptor = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, number)
    from engine.cli import main as command

    try:
        command(arguments)
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 98)


def finish(child: _Child, folder: Path, limit_s: float) -> tuple[Run, _Described | None]:
    """What came of a child, and what a description tells of a single image; the child's folders are removed."""
    seconds = time.perf_counter() - child.started
    status, peak = _ENDED.pop(child.pid)
    code = os.waitstatus_to_exitcode(status)
    said = (child.place / "state" / "stderr").read_text(errors="replace")
    faults = list(faults_of(child, code, said, peak, limit_s))
    described = None
    if child.mode == MODES[0] and code == 0:
        try:
            found = json.loads((child.place / "state" / "stdout").read_text())
            if len(found["images"]) == 1 and "text" in found["grid"]:
                pixels = found["grid"]["width"] * found["grid"]["height"]
                described = _Described(len(found["images"][0]["bands"]), pixels)
        except (ValueError, KeyError) as error:
            faults.append(f"its description is no JSON ({error!r})")
    errors = [line for line in said.splitlines() if line.startswith("Error: ")]
    told = errors[0].replace(str(folder), "FOLDER") if errors else ""
    shutil.rmtree(child.place)
    name = str(child.file.relative_to(folder))
    return Run(name, child.mode, code, round(seconds, 3), peak, told, tuple(faults)), described


def faults_of(child: _Child, code: int, said: str, peak: int, limit_s: float) -> Iterator[str]:
    """All that is wrong with how a run ended."""
    if child.killed:
        yield f"did not end within {limit_s:.1f} s"
    elif code < 0:
        yield f"crashed ({signal.Signals(-code).name})"
    elif code not in (0, 2):
        yield f"ended with exit code {code}"
    lines = said.splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    noise = [line for line in lines if not line.startswith("Error: ") and not _EXPECTED.match(line)]
    if "Traceback" in said:
        yield "printed a traceback"
    if noise:
        yield f"printed: {noise[0][:200]}"
    if code == 2 and (len(errors) != 1 or len(errors[0]) > LIMIT_TEXT):
        yield f"said {len(errors)} sentences of {sum(map(len, errors))} characters"
    if code == 0 and errors:
        yield "succeeded with an error"
    if peak > LIMIT_BYTES:
        yield f"took {peak / 2**30:.1f} GiB"
    expected = {"E.tif"} if code == 0 and child.writes else set()
    found = {path.name for path in (child.place / "out").iterdir()}
    if found != expected:
        yield f"left {', '.join(sorted(found)) or 'nothing'} in the output's folder"
    left = [path.name for path in (child.place / "temp").iterdir()]
    if left:
        yield f"left {', '.join(left)} in the temp folder"
    try:
        os.killpg(child.pid, signal.SIGKILL)
        yield "left a process behind"
    except ProcessLookupError:
        # The group is empty, as it has to be.
        return


def band_table(count: int) -> str:
    """A band table for any raster: wavelengths from blue to red, all different."""
    bands = [{"name": f"band{number}", "centre": 450 + 220 * number / count} for number in range(count)]
    return json.dumps({"units": "nm", "bands": bands})


def summary(record: dict[str, Any]) -> dict[str, Any]:
    """The record with one line per run instead of one object per figure."""
    runs = [
        [run["file"], run["mode"], run["code"], run["seconds"], round(run["peak_bytes"] / 2**20), *run["faults"]]
        for run in record["runs"]
    ]
    return record | {"columns": ["file", "mode", "code", "seconds", "peak MiB", "faults…"], "runs": runs}


def page(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    where, runs = record["machine"], record["runs"]
    rows = []
    for mode in MODES:
        own = [run for run in runs if run["mode"] == mode]
        if not own:
            continue
        seconds = [run["seconds"] + record["start_s"] for run in own]
        codes = Counter(run["code"] for run in own)
        rows.append(
            f"| {mode} | {len(own)} | {codes[0]} | {codes[2]} | {sum(bool(run['faults']) for run in own)} |"
            f" {statistics.median(seconds):.1f} | {max(seconds):.1f} |"
            f" {max(run['peak_bytes'] for run in own) / 2**20:.0f} |"
        )
    bad = [f"- `{run['file']}`, {run['mode']}: {'; '.join(run['faults'])}" for run in runs if run["faults"]]
    told = Counter(kind(run["said"], run["file"]) for run in runs if run["code"] == 2)
    sentences = "\n".join(f"| {count} | {text} |" for text, count in told.most_common(25))
    return (
        f"# Damaged and odd rasters\n\n"
        f"{where['date']}, {where['processor']}, {where['cores']} cores, rasterio {where['rasterio']}, "
        f"{record['processes']} at a time. {record['files']} files, at most {record['limit_s']:.0f} s each, of which "
        f"loading the libraries takes {record['start_s']:.1f} s. "
        f"Inputs {'unchanged' if record['inputs_unchanged'] else 'CHANGED'}.\n\n"
        "| | runs | result | one sentence | not passed | median s | longest s | peak MiB |\n"
        "|---|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n"
        + ("Not passed:\n\n" + "\n".join(bad) if bad else "Every run passed.")
        + f"\n\nThe most frequent sentences:\n\n| runs | |\n|---|---|\n{sentences}\n"
    )


def kind(said: str, file: str) -> str:
    """A message without what is the file's own."""
    text = said.removeprefix("Error: ").replace(Path(file).name, "FILE").replace(Path(file).stem, "FILE")
    return re.sub(r"\(.*?\)", "(…)", re.sub(r"\d[\d,.]*", "0", text)).replace("|", "/")[:160]


if __name__ == "__main__":
    main()
