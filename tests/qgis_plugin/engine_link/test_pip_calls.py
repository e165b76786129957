"""pip as it is called: indexes, fallbacks, proxies. A real pip against servers of the test's own."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading

import pytest
from smarties.engine.errors import EngineEnvironmentError
from smarties.qgis_plugin.engine_link import pip_calls
from smarties.qgis_plugin.engine_link.install_log import InstallLog
from smarties.qgis_plugin.engine_link.interpreters import find_interpreter
from smarties.qgis_plugin.engine_link.pip_calls import Pip, pinned, pip_environment
from smarties.qgis_plugin.engine_link.pip_progress import PipProgress
from smarties.qgis_plugin.engine_link.setup_child import run_command


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class Refusing(Quiet):
    def do_CONNECT(self) -> None:
        self.server.logins.append(self.headers.get("Proxy-Authorization"))
        self.send_error(407, "Proxy Authentication Required")


@pytest.fixture
def serve():
    servers = []

    def start(handler) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.logins = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def bare_pip(home, tmp_path, monkeypatch) -> Pip:
    """A pip of a small environment, without any settings of this machine."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    log = InstallLog(home / "x.log")
    environment = pip_environment({})
    folder = tmp_path / "environment é"
    run_command([str(find_interpreter().path), "-m", "venv", str(folder)], environment, log, lambda: False)
    return Pip([str(folder / "bin/python"), "-m", "pip"], environment, log, lambda: False, None)


def stage() -> PipProgress:
    return PipProgress(lambda fraction, text: None, 0.0, 1.0, 2)


def test_the_pins_are_read_from_the_requirements():
    assert pinned("torch") == "torch==2.13.0"
    with pytest.raises(EngineEnvironmentError, match="name no nonsense"):
        pinned("nonsense")


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"])
def test_an_index_of_the_user_s_own_is_seen(bare_pip, name):
    assert not bare_pip.has_own_index()
    bare_pip._environment[name] = "/srv/packages"
    assert bare_pip.has_own_index()


def test_an_index_in_a_settings_file_is_seen(bare_pip, tmp_path):
    file = tmp_path / "pip.ini"
    file.write_text("[install]\nindex-url = https://packages.example/simple\n")
    bare_pip._environment["PIP_CONFIG_FILE"] = str(file)
    assert bare_pip.has_own_index()


def test_without_pytorch_s_own_index_the_ordinary_one_is_used_and_it_is_said(
    bare_pip, serve, small_wheels, tmp_path, monkeypatch
):
    for package in ("torch", "torchvision"):
        (tmp_path / "simple" / package).mkdir(parents=True)
        shutil.copy(next(small_wheels.glob(f"{package}-*.whl")), tmp_path / "simple" / package)
    server = serve(functools.partial(Quiet, directory=str(tmp_path)))
    notes: list[str] = []
    # The ordinary index of this test; one that the user had set would be used alone.
    bare_pip._environment["PIP_INDEX_URL"] = f"http://127.0.0.1:{server.server_port}/simple"
    monkeypatch.setattr(bare_pip, "has_own_index", lambda: False)
    monkeypatch.setattr(pip_calls, "INDEX", "http://127.0.0.1:9/whl/")
    bare_pip.install_torch("cpu", stage(), notes.append)
    assert notes == ["PyTorch's own index cannot be reached: the ordinary one is used, whose build is larger."]
    assert "--index-url http://127.0.0.1:9/whl/cpu" in bare_pip._log.path.read_text()


def test_no_index_at_all_is_a_sentence_about_the_network(bare_pip, monkeypatch):
    bare_pip._environment.update(PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1")
    with pytest.raises(EngineEnvironmentError, match="package index cannot be reached"):
        bare_pip.install_torch("", stage(), print)


def test_a_proxy_that_refuses_is_a_sentence_and_its_password_is_not_in_the_log(bare_pip, serve, home):
    server = serve(Refusing)
    log = InstallLog(home / "proxy.log", ["s3cret/ü"])
    address = f"http://zoe:s3cret%2F%C3%BC@127.0.0.1:{server.server_port}"
    environment = pip_environment({"HTTPS_PROXY": address, "https_proxy": address})
    environment.update(PIP_INDEX_URL="https://packages.example/simple", PIP_RETRIES="1")
    pip = Pip(bare_pip._command, environment, log, lambda: False, None)
    with pytest.raises(EngineEnvironmentError, match="proxy refused"):
        pip.install_torch("", stage(), print)
    log.write(address)
    assert server.logins and all(login.startswith("Basic ") for login in server.logins)
    assert "s3cret" not in log.path.read_text()


def test_settings_that_lead_elsewhere_are_dropped(monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    environment = pip_environment({"HTTPS_PROXY": "http://p"})
    assert "PIP_TARGET" not in environment and "PIP_REQUIRE_VIRTUALENV" not in environment
    assert environment["PIP_USER"] == "0" and environment["HTTPS_PROXY"] == "http://p"


def test_progress_rises_with_what_arrives():
    seen: list[tuple[float, str]] = []
    progress = PipProgress(lambda *step: seen.append(step), 0.2, 0.7, 2)
    for line in (
        "Collecting torch==2.13.0",
        "  Downloading https://x/torch-2.13.0%2Bcpu-cp311-cp311-linux.whl (190.1 MB)",
        "Progress 95000000 of 190000000",
        "Collecting torchvision",
        "  Using cached torchvision-0.28.0-cp311.whl (5 MB)",
        "Installing collected packages: torch, torchvision",
        "nonsense",
    ):
        progress.line(line)
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and fractions[0] == 0.2 and fractions[-1] < 0.7
    assert (0.3, "Downloading torch: 95 of 190 MB") in [(round(fraction, 6), text) for fraction, text in seen]
    assert "Downloading torch 190.1 MB" in [text for _, text in seen]
