"""BigEarthNet's nomenclature of 19 classes, and what becomes of the 43 CORINE classes of its label files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.errors import SourceError

#: The 19 classes, in the official order, with the CORINE classes each is made of.
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Urban fabric": ("Continuous urban fabric", "Discontinuous urban fabric"),
    "Industrial or commercial units": ("Industrial or commercial units",),
    "Arable land": ("Non-irrigated arable land", "Permanently irrigated land", "Rice fields"),
    "Permanent crops": (
        "Vineyards",
        "Fruit trees and berry plantations",
        "Olive groves",
        "Annual crops associated with permanent crops",
    ),
    "Pastures": ("Pastures",),
    "Complex cultivation patterns": ("Complex cultivation patterns",),
    "Land principally occupied by agriculture, with significant areas of natural vegetation": (
        "Land principally occupied by agriculture, with significant areas of natural vegetation",
    ),
    "Agro-forestry areas": ("Agro-forestry areas",),
    "Broad-leaved forest": ("Broad-leaved forest",),
    "Coniferous forest": ("Coniferous forest",),
    "Mixed forest": ("Mixed forest",),
    "Natural grassland and sparsely vegetated areas": ("Natural grassland", "Sparsely vegetated areas"),
    "Moors, heathland and sclerophyllous vegetation": ("Moors and heathland", "Sclerophyllous vegetation"),
    "Transitional woodland, shrub": ("Transitional woodland/shrub",),
    "Beaches, dunes, sands": ("Beaches, dunes, sands",),
    "Inland wetlands": ("Inland marshes", "Peatbogs"),
    "Coastal wetlands": ("Salt marshes", "Salines"),
    "Inland waters": ("Water courses", "Water bodies"),
    "Marine waters": ("Coastal lagoons", "Estuaries", "Sea and ocean"),
}

#: The 11 CORINE classes that belong to none of the 19.
_DROPPED = frozenset(
    (
        "Road and rail networks and associated land",
        "Port areas",
        "Airports",
        "Mineral extraction sites",
        "Dump sites",
        "Construction sites",
        "Green urban areas",
        "Sport and leisure facilities",
        "Bare rock",
        "Burnt areas",
        "Intertidal flats",
    )
)

CLASSES: tuple[str, ...] = tuple(_GROUPS)

_NUMBER_OF: Mapping[str, int] = {
    **{name: number for number, name in enumerate(CLASSES)},
    **{corine: number for number, group in enumerate(_GROUPS.values()) for corine in group},
}


def numbers_of(labels: Iterable[object], patch: str) -> tuple[int, ...]:
    """The class numbers of a patch's labels, sorted; those of the 11 dropped classes have none.

    ``labels`` are names of the 43 classes or of the 19. SourceError, naming the ``patch``, for any other.
    """
    numbers = set()
    for label in labels:
        number = _NUMBER_OF.get(str(label))
        if number is None and label not in _DROPPED:
            raise SourceError(
                f"{patch} has the label {label!r}, which is no class of BigEarthNet.",
                "Use the dataset as it was published (version 1, CORINE labels).",
            )
        if number is not None:
            numbers.add(number)
    return tuple(sorted(numbers))
