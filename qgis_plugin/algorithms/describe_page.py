"""The engine's description of images as rows of a table and as a page of HTML."""

from __future__ import annotations

from html import escape
from typing import Any, Dict, List, Mapping, Optional

from ...engine.spectrum.units import wavelength_text
from ..translation import tr

#: Colours that the page sets itself, for both light and dark viewers.
_STYLE = """
body { font-family: sans-serif; margin: 1.5em; color: #222; background: #fff; max-width: 75em }
table { border-collapse: collapse; margin: 0.8em 0 1.6em }
th, td { text-align: left; padding: 0.25em 0.8em 0.25em 0; border-bottom: 1px solid #ddd; vertical-align: top }
th { font-weight: 600 } td.number { text-align: right } .off { color: #777 } .problem { color: #a4262c }
dt { font-weight: 600; float: left; width: 8em } dd { margin: 0 0 0.3em 8.5em }
"""


def band_row(image: Mapping[str, Any], band: Mapping[str, Any]) -> Dict[str, Any]:
    """One band of the engine's description as a row of the table."""
    problem = band.get("problem") or ""
    return {
        "image": image["name"],
        "band": band["number"],
        "name": band["name"],
        "centre_nm": band["centre_nm"],
        "min_nm": band["min_nm"],
        "max_nm": band["max_nm"],
        "polarisation": band["polarisation"],
        "source": "; ".join(dict.fromkeys(band["sources"].values())),
        "layers": band.get("layers", ""),
        "verdict": band["verdict"] if band["enabled"] else "off",
        # What keeps a band that is left out from running is no problem.
        "problem": problem if band["enabled"] else band["note"],
    }  # fmt: skip


def page_of(described: Mapping[str, Any]) -> str:
    """The engine's description as a page."""
    grid = described["grid"]
    parts = [_image(image) for image in described["images"]]
    parts.append(f"<h2>{escape(tr('Common grid'))}</h2><p>{escape(grid.get('text') or grid['error'])}</p>")
    title = escape(tr("Description of images"))
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>"
    )


def _image(image: Mapping[str, Any]) -> str:
    sensor = tr("not known")
    if image["sensor"]:
        sensor = tr("{sensor} (from {source})").format(sensor=image["sensor"]["title"], source=image["sensor_from"])
    facts = [
        (tr("Sensor"), sensor),
        (tr("Grid"), f"{image['grid']}, {image['dtype']}"),
        (tr("Radiometry"), _radiometry(image["radiometry"])),
        (tr("Statistics"), image["statistics"]),
        *((tr("Note"), note) for note in image["notes"]),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(text))}</dd>" for name, text in facts)
    heads = [tr("Band"), tr("Name"), tr("Centre"), tr("Range"), tr("Polarisation"), tr("Learnt layer"), tr("Verdict"),
             tr("Source"), tr("Problem")]  # fmt: skip
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    rows = "".join(_row(band_row(image, band), band["enabled"]) for band in image["bands"])
    return f"<h2>{escape(image['name'])}</h2><dl>{listed}</dl><table><tr>{head}</tr>{rows}</table>"


def _row(row: Mapping[str, Any], enabled: bool) -> str:
    cells: List[str] = [
        f'<td class="number">{row["band"]}</td>',
        *(
            f"<td>{escape(str(text or ''))}</td>"
            for text in (
                row["name"],
                _wavelength(row["centre_nm"]),
                _range(row["min_nm"], row["max_nm"]),
                row["polarisation"],
                row["layers"],
                row["verdict"],
                row["source"],
            )
        ),
        f'<td class="problem">{escape(row["problem"])}</td>' if enabled else f"<td>{escape(row['problem'])}</td>",
    ]
    return f"<tr{'' if enabled else ' class=off'}>{''.join(cells)}</tr>"


def _wavelength(nm: Optional[float]) -> str:
    return "" if nm is None else wavelength_text(nm)


def _range(low: Optional[float], high: Optional[float]) -> str:
    return "" if low is None or high is None else f"{wavelength_text(low)} – {wavelength_text(high)}"


def _radiometry(radiometry: Mapping[str, str]) -> str:
    if "error" in radiometry:
        return tr("refused: {reason}").format(reason=radiometry["error"])
    return "; ".join(part for part in (radiometry["found"], radiometry["action"], radiometry["doubt"]) if part)
