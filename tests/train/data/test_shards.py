"""Packed collections: what is written is what is read, damage is found, and nothing half-written stays."""

from __future__ import annotations

import json
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from engine.errors import OutputError, SourceError
from engine.raster.statistics import BandStatistics
from train.data.shards import HEADER, ORIGINS, Collection, ShardWriter, Side

PICTURE = Side(
    "picture", ("red_1", "green_1", "blue_3"), "uint8", 7, 5,
    BandStatistics(("r", "g", "b"), (0, 0, 0), (255, 255, 255), (0.5,) * 3, (0.2,) * 3, "made"),
)  # fmt: skip
RADAR = Side(
    "radar", ("microwave_1",), "int16", 4, 4, BandStatistics(("VV",), (-30.0,), (0.0,), (0.5,), (0.2,), "made"),
    gain=0.01, nodata=-32768,
)  # fmt: skip


def records(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [
        (rng.integers(0, 256, PICTURE.shape, np.uint8), rng.integers(-3000, 500, RADAR.shape, np.int16))
        for _ in range(count)
    ]


def write(folder: Path, count: int = 10, shard_bytes: int = 3 * (PICTURE.bytes + RADAR.bytes)) -> Path:
    with ShardWriter(folder, "made", (PICTURE, RADAR), "CC0-1.0", shard_bytes) as writer:
        for number, images in enumerate(records(count)):
            writer.add(images, f"place {number}")
    return folder


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """No file can grow beyond ``bytes_left``: the error is that of a full disk in all but its number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_written_is_read_across_shards_in_any_order(tmp_path):
    collection = Collection(write(tmp_path / "c"))
    written = records(10)
    assert len(collection) == 10
    assert [shard.records for shard in collection.shards] == [3, 3, 3, 1]
    assert collection.sides == (PICTURE, RADAR)
    assert (collection.name, collection.licence) == ("made", "CC0-1.0")
    order = [9, 0, 3, 2, 3]
    pictures, radar = collection.read(order)
    assert (pictures.dtype, radar.dtype) == (np.uint8, np.int16)
    for place, number in enumerate(order):
        np.testing.assert_array_equal(pictures[place], written[number][0])
        np.testing.assert_array_equal(radar[place], written[number][1])
    collection.verify()
    with pytest.raises(IndexError):
        collection.read([10])


def test_origins_are_one_line_each_whatever_they_hold(tmp_path):
    with ShardWriter(tmp_path / "c", "made", (RADAR,), "CC0-1.0") as writer:
        for origin in ("a\nb", "c\rd", "e  f"):
            writer.add((np.zeros(RADAR.shape, np.int16),), origin)
    assert Collection(tmp_path / "c").origins([2, 0, 1]) == ["e f", "a b", "c d"]


def test_the_digest_stands_for_content_and_meaning(tmp_path):
    one, same, less = (Collection(write(tmp_path / name, count)) for name, count in (("a", 10), ("b", 10), ("c", 9)))
    assert one.digest == same.digest != less.digest
    header = tmp_path / "b" / HEADER
    header.write_text(header.read_text().replace('"gain": 0.01', '"gain": 0.02'))
    assert Collection(tmp_path / "b").digest != one.digest


def test_many_threads_read_at_once(tmp_path):
    collection, written, wrong = Collection(write(tmp_path / "c", 40)), records(40), []

    def read(seed: int) -> None:
        for number in np.random.default_rng(seed).integers(0, 40, 50).tolist():
            if not np.array_equal(collection.read([number])[1][0], written[number][1]):
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_changed_byte_is_found_by_its_hash(tmp_path):
    folder = write(tmp_path / "c")
    with (folder / "00001.bin").open("r+b") as file:
        file.seek(17)
        byte = file.read(1)
        file.seek(17)
        file.write(bytes([byte[0] ^ 1]))
    collection = Collection(folder)
    collection.verify([0, 2, 3])
    with pytest.raises(SourceError, match=r"00001\.bin is damaged"):
        collection.verify()


def test_a_file_of_the_wrong_size_is_found_at_opening(tmp_path):
    folder = write(tmp_path / "c")
    with (folder / "00002.bin").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(SourceError, match=r"00002\.bin holds 100 bytes instead of"):
        Collection(folder)
    (folder / "00002.bin").unlink()
    with pytest.raises(SourceError, match=r"00002\.bin cannot be read: No such file"):
        Collection(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other-1"}', '{"format": "smarties-collection-1"}'])
def test_a_header_that_is_none_is_refused(tmp_path, text):
    folder = write(tmp_path / "c")
    (folder / HEADER).write_text(text)
    with pytest.raises(SourceError, match=r"collection\.json"):
        Collection(folder)


def test_a_header_with_impossible_values_is_refused(tmp_path):
    header = write(tmp_path / "c") / HEADER
    content = json.loads(header.read_text())
    content["sides"][0]["dtype"] = "float32"
    header.write_text(json.dumps(content))
    with pytest.raises(SourceError, match=r"damaged.*float32"):
        Collection(tmp_path / "c")


def test_a_folder_that_is_no_collection_is_refused(tmp_path):
    with pytest.raises(SourceError, match="not a packed collection"):
        Collection(tmp_path)


def test_an_existing_folder_is_never_touched(tmp_path):
    folder = write(tmp_path / "c")
    with pytest.raises(OutputError, match="exists"):
        write(folder)
    assert len(Collection(folder)) == 10


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), ShardWriter(tmp_path / "c", "made", (RADAR,), "CC0-1.0", 50) as writer:
        for _ in range(3):
            writer.add((np.zeros(RADAR.shape, np.int16),), "x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_no_record_is_no_collection(tmp_path):
    with pytest.raises(SourceError, match="No record"), ShardWriter(tmp_path / "c", "made", (RADAR,), "CC0-1.0"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bytes_left", [1000, 4000])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, bytes_left):
    # 1000: within the first shard; 4000: when the origins are written out at the end.
    with full_disk(bytes_left), pytest.raises(OutputError, match="cannot be written: File too large"):
        with ShardWriter(tmp_path / "c", "made", (RADAR,), "CC0-1.0", 2000) as writer:
            for _ in range(200):
                writer.add((np.zeros(RADAR.shape, np.int16),), "a place with a long name, so that the list is long")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "file" / "c")


def test_images_of_another_shape_or_type_are_refused(tmp_path):
    with pytest.raises(ValueError, match="radar"), ShardWriter(tmp_path / "c", "made", (RADAR,), "CC0-1.0") as writer:
        writer.add((np.zeros(RADAR.shape, np.uint16),), "x")
    assert not (tmp_path / "c").exists()


def test_origins_missing_do_not_hinder_reading(tmp_path):
    folder = write(tmp_path / "c")
    assert (folder / ORIGINS).is_file()
    assert Collection(folder).origins([0]) == ["place 0"]
