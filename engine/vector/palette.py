"""Colours for classes: what a land cover's name suggests, else distinct ones, as many as there are classes."""

from __future__ import annotations

import colorsys
import re
import unicodedata
from collections.abc import Iterator

#: Words of a name, without accents and in small letters, and the colour that maps give to it; the first match wins.
_BY_NAME: tuple[tuple[str, str], ...] = (
    (r"no ?data|unlabel|unclassif|unknown|background|hintergrund|\bother|sonstig|autre", "#b4b4b4"),
    (r"^(no|non|not|kein|keine|nicht|pas|sans|sin|nao) ", "#c9b79c"),
    (r"cloud shadow|wolkenschatten|ombre de nuage|\bshadow|schatten|\bombre", "#5a4a78"),
    (r"thin cloud|cirrus|haze|dunst", "#d5dbe8"),
    (r"cloud|wolke|nuage|nube|nuvem", "#f2f2f7"),
    (r"flood|inundat|hochwasser|uberschwemm|inondat|crue|enchente", "#3fa9f5"),
    (r"snow|\bice\b|glaci|schnee|\beis\b|gletscher|neige|nieve|\bneve\b", "#d9f3ff"),
    (r"wetland|marsh|swamp|\bbog|peat|mangrove|feuchtgebiet|moor|sumpf|zone humide|humedal", "#6fb5a5"),
    (r"grassland|meadow|pasture|\bgrass|rangeland|wiese|weide|grunland|prairie|pasto|herbaceous|moss", "#b5d96c"),
    (r"shrub|bush|scrub|heath|strauch|busch|heide|buisson|arbust|matorral", "#8f9f3a"),
    (r"conifer|needle|nadel|spruce|pine|fichte|kiefer|sapin", "#1f5f3a"),
    (r"forest|\btree|\bwood|wald|baum|foret|arbre|bosque|floresta|broadlea|deciduous|laub", "#2f8f3f"),
    (r"vineyard|orchard|rebe|weinberg|obst|vigne|verger|vina", "#a0527a"),
    (r"bare|\bsoil|\brock|barren|quarry|boden|\bfels|kahl|\bsol nu|roche|suelo|solo", "#b08d62"),
    (r"\brice|paddy|\breis\b|arroz", "#7cc7b0"),
    (r"maize|\bcorn\b|mais\b|maiz", "#f2a93b"),
    (r"wheat|barley|cereal|\brye\b|weizen|gerste|getreide|roggen|\bble\b|trigo|stubble", "#e3c75f"),
    (r"rapeseed|canola|\braps|colza", "#f2e83b"),
    (r"crop|farm|arable|agricultur|cultivat|\bfield|acker|\bfeld|landwirt|champ|cultivo|lavoura", "#e8d27a"),
    (r"built|urban|settle|\bcity|\btown|impervious|artificial|siedlung|stadt|versiegelt|urbain|\bbati", "#d9483b"),
    (r"road|street|asphalt|railway|\brail\b|pavement|strasse|\bweg\b|route|carretera|estrada", "#6e6e78"),
    (r"roof|building|\bdach|gebaude|\bhaus|batiment|edificio", "#b5302a"),
    (r"sand|beach|dune|strand|desert|plage|playa|wuste", "#ead8a8"),
    (r"burn|\bfire|brand\b|brulee|quemad", "#3d2a24"),
    (r"water|\briver|\blake|\bsea\b|ocean|\bpond|wasser|fluss|\bsee\b|\bmeer|teich", "#2b6fb8"),
    (r"\beau|riviere|\blac\b|\bagua|\brio\b|lagoa", "#2b6fb8"),
    (r"вод", "#2b6fb8"), (r"лес", "#2f8f3f"), (r"水", "#2b6fb8"), (r"林|森", "#2f8f3f"), (r"草", "#b5d96c"),
    (r"田|耕", "#e8d27a"), (r"雪", "#d9f3ff"), (r"云|雲", "#f2f2f7"), (r"ماء|مياه", "#2b6fb8"), (r"غاب", "#2f8f3f"),
)  # fmt: skip

#: Distinct also to those who tell red from green badly (Okabe and Ito 2008; Tol 2021), dark ones after bright ones.
_SEQUENCE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#882255", "#117733", "#332288",
    "#999933", "#88ccee", "#aa4499", "#ddcc77", "#44aa99", "#cc6677", "#6699cc", "#661100", "#b0b0b0", "#1b4f4f",
)  # fmt: skip
#: Powers of the root of x⁴ = x + 1: multiples of them fill a cube evenly (Roberts 2018).
_STEPS = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)


def colour_for(name: str) -> str | None:
    """The colour "#rrggbb" that maps usually give a land cover of this name; None where the name suggests none."""
    if not any(letter.isalpha() for letter in name):
        return None
    plain = "".join(
        letter for letter in unicodedata.normalize("NFD", name.casefold()) if not unicodedata.combining(letter)
    )
    plain = re.sub(r"[\W_]+", " ", plain)
    return next((colour for pattern, colour in _BY_NAME if re.search(pattern, plain)), None)


def shades(colour: str) -> Iterator[str]:
    """The colour itself, then lighter and darker ones of its hue: for several classes of one kind."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    yield colour
    for step in (-0.12, 0.12, -0.22, 0.22, -0.3, 0.3):
        if 0.12 < lightness + step < 0.93:
            yield _hex(*colorsys.hls_to_rgb((hue + step / 6) % 1, lightness + step, saturation))


def distinct(start: int) -> Iterator[str]:
    """Colours from number ``start`` of an endless sequence: chosen ones first, then hues far from the last ones."""
    number = start
    while True:
        if number < len(_SEQUENCE):
            yield _SEQUENCE[number]
        else:
            hue, light, strong = ((0.11 + number * step) % 1 for step in _STEPS)
            yield _hex(*colorsys.hls_to_rgb(hue, 0.34 + 0.38 * light, 0.45 + 0.4 * strong))
        number += 1


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))
