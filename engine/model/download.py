"""Downloads one file of the Hugging Face hub: resumed after a break, with progress, cancelled within a chunk.

The hub's library finds the file, its pinned commit and its declared digest, and its
session carries proxies and certificates. Its own downloader drops a partial file when
a download ends early, so the bytes are fetched here, by ranges.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2
from filelock import FileLock, Timeout
from huggingface_hub import get_hf_file_metadata, get_session, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from engine.errors import CancelledError, CheckpointError, OutputError
from engine.model.digest import file_sha256
from engine.progress import CancelCallback, ProgressCallback, ProgressMeter

#: Attempts in a row that bring no byte before giving up, and the wait before each, times its number.
_ATTEMPTS = 5
_WAIT_S = 1.0
_TIMEOUT_S = 10.0
_REPORT_S = 0.1
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class HubFile:
    """A file as the hub declares it: pinned ``commit``, ``sha256`` (None for small files) and ``size`` in bytes."""

    repo: str
    filename: str
    commit: str
    sha256: str | None
    size: int | None

    @property
    def url(self) -> str:
        """Its address at the pinned commit."""
        return hf_hub_url(self.repo, self.filename, revision=self.commit, endpoint=_endpoint())


def find(repo: str, filename: str, revision: str) -> HubFile:
    """Asks the hub about a file.

    CheckpointError when there is no network, or the hub does not have the file.
    """
    url = hf_hub_url(repo, filename, revision=revision, endpoint=_endpoint())
    try:
        # token=False: the models are public, and a user's stale token would be refused.
        found = get_hf_file_metadata(url, token=False, timeout=_TIMEOUT_S, endpoint=_endpoint())
    except HfHubHTTPError as error:
        raise CheckpointError(f"The hub answered {error.response.status_code} for {url}.") from error
    except (httpx2.TransportError, OfflineModeIsEnabled, OSError) as error:
        raise _no_network(url, error) from error
    if not found.commit_hash:
        raise CheckpointError(f"{url} is not served by a Hugging Face hub: a proxy may have answered in its place.")
    etag = found.etag or ""
    return HubFile(repo, filename, found.commit_hash, etag if re.fullmatch("[0-9a-f]{64}", etag) else None, found.size)


def download(
    file: HubFile, part: Path, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> str:
    """Brings ``file`` to ``part``, continuing what an earlier attempt left there, and returns its SHA-256.

    CancelledError when ``cancelled`` says so (what has arrived stays for the next
    attempt); OutputError when the folder cannot be written or has no room;
    CheckpointError when the network fails, another process is at it, or the digest is
    not the declared one (the file is then removed).
    """
    lock = FileLock(f"{part}.lock", timeout=0)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with lock:
            _Transfer(file, part, ProgressMeter(progress), cancelled or (lambda: False)).run()
            sha256 = file_sha256(part)
    except Timeout as error:
        raise CheckpointError(f"{file.filename} is being downloaded by another process.", "Wait for it.") from error
    except OSError as error:
        raise OutputError(f"{part.parent} cannot be written: {error.strerror or error}.") from error
    if file.sha256 is not None and sha256 != file.sha256:
        part.unlink()
        raise CheckpointError(
            f"The download of {file.filename} is damaged: its SHA-256 is {sha256[:12]}…, the hub declares "
            f"{file.sha256[:12]}….",
            "Try again; if it stays so, a proxy may change files on their way.",
        )
    return sha256


class _Transfer:
    """The bytes of one file, attempt after attempt."""

    def __init__(self, file: HubFile, part: Path, meter: ProgressMeter, cancelled: CancelCallback) -> None:
        self.file = file
        self.part = part
        self.meter = meter
        self.cancelled = cancelled
        self.reported = 0.0

    @property
    def have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def run(self) -> None:
        size = self.file.size
        if size is not None and self.have > size:
            self.part.unlink()
        self._check_room()
        failures = 0
        while size is None or self.have < size:
            before = self.have
            try:
                if self._attempt():
                    break
                error: Exception | None = None
            except httpx2.TransportError as trouble:
                error = trouble
            # A stream may also end early without an error.
            failures = 0 if self.have > before else failures + 1
            if failures == _ATTEMPTS:
                raise _no_network(self.file.url, error or ConnectionError("it stopped sending")) from error
            self._wait(_WAIT_S * failures)
        self._report(self.have, last=True)

    def _attempt(self) -> bool:
        """One request from where the file ends; True when the server has no more to send and said no size."""
        start = self.have
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with get_session().stream("GET", self.file.url, headers=headers, timeout=_TIMEOUT_S) as response:
            if response.status_code == 416:
                self.part.unlink()
                return False
            if response.status_code not in (200, 206):
                raise CheckpointError(f"The hub answered {response.status_code} for {self.file.url}.")
            if response.status_code == 200:
                # The range was ignored: what comes is the whole file.
                start = 0
            with self.part.open("ab" if start else "wb") as sink:
                have = start
                for chunk in response.iter_bytes():
                    self._stop_if_cancelled()
                    sink.write(chunk)
                    have += len(chunk)
                    self._report(have)
        return self.file.size is None

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.part.parent).free
        needed = (self.file.size or 0) - self.have
        if needed > free:
            raise OutputError(
                f"{self.file.filename} needs {needed / _MEGABYTE:.0f} MB, but {self.part.parent} has "
                f"{free / _MEGABYTE:.0f} MB free.",
                "Make room, or choose another folder with SMARTIES_MODELS.",
            )

    def _report(self, have: int, last: bool = False) -> None:
        now = time.monotonic()
        if last or now - self.reported >= _REPORT_S:
            self.reported = now
            size = self.file.size
            of_size = f" of {size / _MEGABYTE:.1f}" if size else ""
            message = f"downloading {self.file.filename}: {have / _MEGABYTE:.1f}{of_size} MB"
            self.meter.update(have / size if size else 0.0, message)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self._stop_if_cancelled()
            if time.monotonic() >= end:
                return
            time.sleep(min(0.1, seconds))

    def _stop_if_cancelled(self) -> None:
        if self.cancelled():
            raise CancelledError(
                f"The download of {self.file.filename} was stopped.",
                "What has arrived is kept; start it again to go on.",
            )


def _endpoint() -> str | None:
    """Where the hub is, read at each call and not once at import as the library does."""
    return os.environ.get("HF_ENDPOINT") or None


def _no_network(url: str, error: Exception) -> CheckpointError:
    return CheckpointError(f"{url} could not be reached ({str(error) or type(error).__name__}).")
