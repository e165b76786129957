"""What the tests of the model share: the golden figures, and a small model with fresh weights."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch

from engine.model.autoencoder import AutoEncoder
from engine.model.config import DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


@dataclass(frozen=True)
class Golden:
    weights: Path
    cases: dict
    encoder: dict[str, np.ndarray]
    pretraining: dict[str, np.ndarray]

    def image(self, kind: str, name: str) -> torch.Tensor:
        return torch.from_numpy(getattr(self, kind)[f"{name}_x32"]).float() / 32


@pytest.fixture(scope="session")
def golden() -> Golden:
    return Golden(
        weights=GOLDEN / "autoencoder_tiny.safetensors",
        cases=json.loads((GOLDEN / "golden.json").read_text()),
        encoder=dict(np.load(GOLDEN / "encoder_golden.npz")),
        pretraining=dict(np.load(GOLDEN / "pretraining_golden.npz")),
    )


@pytest.fixture(scope="session")
def small_config() -> ModelConfig:
    return ModelConfig(24, 3, 2, patch=4, grid=4, decoder=DecoderConfig(16, 1, 2))


@pytest.fixture
def small_model(small_config: ModelConfig) -> AutoEncoder:
    """Patches of 4 px, 3 blocks; 16 × 16 px is its own size. Biases are not zero, so that they count."""
    model = random_autoencoder(small_config, seed=1, name="small")
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


class Hub(ThreadingHTTPServer):
    """A server on this machine that answers as the Hugging Face hub does: one file, redirected to a store.

    It also answers a client that takes it for a proxy. ``breaks`` are bytes after which
    the next answers of the store break off; ``ranges`` are the ranges that were asked of
    it. ``declared`` is the digest it declares.
    """

    daemon_threads = True
    commit = "0123456789abcdef0123456789abcdef01234567"

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _HubHandler)
        self.content = content
        self.declared: str | None = hashlib.sha256(content).hexdigest()
        self.breaks: list[int] = []
        self.ranges: list[str | None] = []
        self.honours_ranges = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def store(self) -> str:
        """The store has another host name, as that of the real hub has."""
        return f"http://localhost:{self.server_port}/store"


class _HubHandler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    @property
    def asked(self) -> str:
        """The path alone: a proxy is asked with the whole address."""
        return urlsplit(self.path).path

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        if not self.asked.startswith("/somebody/small/resolve/"):
            self.answer(404, {"X-Error-Code": "RepoNotFound"})
            return
        digest = self.server.declared or "0" * 40
        self.answer(
            302,
            {
                "Location": f"{self.server.store}/{digest}",
                "X-Repo-Commit": self.server.commit,
                "X-Linked-Etag": f'"{digest}"',
                "X-Linked-Size": str(len(self.server.content)),
            },
        )

    def do_GET(self) -> None:
        if self.asked.startswith("/somebody/small/resolve/"):
            # The bytes are asked for at the pinned commit, not at a moving branch.
            known = f"/resolve/{self.server.commit}/" in self.asked
            self.answer(302 if known else 404, {"Location": f"{self.server.store}/model"} if known else {})
            return
        content, asked = self.server.content, self.headers["Range"]
        self.server.ranges.append(asked)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and self.server.honours_ranges else 0  # type: ignore[index]
        if start and start >= len(content):
            self.answer(416, {})
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = start + self.server.breaks.pop(0) if self.server.breaks else len(content)
        self.wfile.write(content[start:stop])
        self.close_connection = stop < len(content)

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def hub(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that holds the golden weights as ``somebody/small``; the library is pointed at it."""
    server = Hub(golden.weights.read_bytes())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr("engine.model.download._WAIT_S", 0.0)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
