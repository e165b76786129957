"""A sheet holds every picture where its caption says."""

from __future__ import annotations

import numpy as np

from train.watch.contact_sheet import Column, Group, Sheet, draw


def _plain(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((32, 32, 3), (red, green, blue), np.uint8)


def test_pictures_stand_in_rows_and_columns():
    columns = [Column("truth", [_plain(200, 0, 0), _plain(0, 200, 0)]),
               Column("from itself", [_plain(0, 0, 200), _plain(200, 200, 0)], ["error 0.5", "error 1.0"])]  # fmt: skip
    groups = [Group("Sentinel-2 L2A", "natural colours", columns), Group("a", "", [Column("b", [_plain(9, 9, 9)] * 2)])]
    sheet = draw(Sheet("uc-merced", "step 1", groups, ["first", "second"], ["What is to be known. " * 20]), 64)
    places = {}
    for colour in ((200, 0, 0), (0, 0, 200), (0, 200, 0), (200, 200, 0)):
        where = np.argwhere((sheet == colour).all(axis=2))
        assert len(where) == 64 * 64
        places[colour] = where.min(axis=0)
    assert places[200, 0, 0][0] == places[0, 0, 200][0] < places[0, 200, 0][0] == places[200, 200, 0][0]
    assert places[200, 0, 0][1] == places[0, 200, 0][1] < places[0, 0, 200][1] == places[200, 200, 0][1]


def test_long_words_are_cut_and_remarks_wrapped():
    one = [Group("g" * 300, "d" * 300, [Column("c" * 300, [_plain(1, 2, 3)], ["n"])])]
    short = draw(Sheet("t", "s", one, ["r"], []), 64)
    long = draw(Sheet("t", "s" * 500, one, ["r" * 500], ["many words " * 60]), 64)
    assert long.shape[1] == short.shape[1]
    assert long.shape[0] > short.shape[0]
    # Nothing is drawn in the margins.
    assert (long[:, -20:] == long[0, 0]).all()
