"""Sizes, durations and plans in words."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from ..translation import tr


def size_text(count: float) -> str:
    """Bytes as people read them: «812 MB»."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.1f} {unit}" if count < 9.95 and unit != "B" else f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration_text(seconds: float) -> str:
    """A duration in its two largest units at most: «7 s», «3 min 20 s», «2 h 5 min»."""
    whole = max(1, round(seconds))
    if whole < 60:
        return tr("{seconds} s").format(seconds=whole)
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return tr("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
    if minutes < 60:
        return tr("{minutes} min").format(minutes=minutes)
    hours, minutes = divmod(minutes, 60)
    return tr("{hours} h {minutes} min").format(hours=hours, minutes=minutes)


def time_left_text(seconds: Optional[float]) -> str:
    """«about 12 s left»; empty while nothing is known."""
    return "" if seconds is None else tr("about {duration} left").format(duration=duration_text(seconds))


def plan_text(plan: Mapping[str, Any]) -> str:
    """What a run will make and cost, in one line, from the engine's plan."""
    grid = plan["grid"]
    parts: List[str] = []
    if grid.get("gsd_m"):
        parts.append(
            tr("{width} × {height} px at {gsd} m → {cols} × {rows} cells × {dims}").format(
                width=grid["width"],
                height=grid["height"],
                gsd=f"{grid['gsd_m']:.3g}",
                cols=plan["cols"],
                rows=plan["rows"],
                dims=plan["dims"],
            )
        )
    else:
        parts.append(
            tr("{width} × {height} px → {cols} × {rows} cells × {dims}").format(
                width=grid["width"], height=grid["height"], cols=plan["cols"], rows=plan["rows"], dims=plan["dims"]
            )
        )
    parts.append(tr("1 tile") if plan["tiles"] == 1 else tr("{count} tiles").format(count=plan["tiles"]))
    if plan.get("seconds") is not None:
        parts.append(tr("about {duration}").format(duration=duration_text(plan["seconds"])))
    if plan.get("memory_bytes"):
        parts.append(tr("{size} memory").format(size=size_text(plan["memory_bytes"])))
    if plan.get("output_bytes"):
        parts.append(tr("{size} on disk at most").format(size=size_text(plan["output_bytes"])))
    return ", ".join(parts)
