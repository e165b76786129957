"""The package is one that the plugin site takes: its own checks, mirrored from its public source.

They are https://github.com/qgis/QGIS-Plugins-Website, validator.py and security_scanner.py with its lists of rules;
what it does not look at by default is left out here too.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlparse

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from install import profile_folders  # noqa: E402
from package import write_package  # noqa: E402

MOST_BYTES = 25_000_000
REQUIRED = "name description version qgisMinimumVersion author email about tracker repository".split()
SUSPICIOUS = (".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd", ".pyc", ".zip", ".whl", ".safetensors")
#: The weights that come along, the only ones.
WEIGHTS = "engine/model/weights/smarties-tiny.safetensors"
#: Rules of bandit that the site has switched off: «import subprocess» and «import lxml» by themselves.
BANDIT_OFF = "B404,B410,B411"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("dist") / "smarties.zip")


@pytest.fixture(scope="module")
def unpacked(package: Path) -> Path:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(package.parent)
    return package.parent / "smarties"


@pytest.fixture(scope="module")
def metadata(unpacked: Path) -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((unpacked / "metadata.txt").read_text(encoding="utf-8"))
    return dict(parser["general"])


def run_tool(name: str, *arguments: str, cwd: Path) -> str:
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True).stdout


def test_it_is_small_and_whole(package):
    assert package.stat().st_size <= MOST_BYTES
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None


def test_the_same_tree_gives_the_same_bytes(package, tmp_path):
    assert write_package(tmp_path / "again.zip").read_bytes() == package.read_bytes()


def test_all_lies_in_one_folder_that_is_a_package(package):
    names = zipfile.ZipFile(package).namelist()
    assert {name.split("/")[0] for name in names} == {"smarties"}
    assert {"smarties/__init__.py", "smarties/metadata.txt", "smarties/LICENSE"} <= set(names)
    assert {"smarties/requirements.txt", "smarties/constraints.txt"} <= set(names)
    assert any(re.fullmatch(r"smarties/engine/spectrum/sensors/[^/]+\.json", name) for name in names)


def test_nothing_of_the_workshop_goes_along(package):
    for entry in zipfile.ZipFile(package).infolist():
        parts = entry.filename.split("/")
        assert not {"tests", "train", "benchmarks", "scripts", "__pycache__", "__MACOSX", ".git"} & set(parts), parts
        assert ".." not in entry.filename and not entry.filename.startswith("/")
        assert not any(part.startswith(".") for part in parts), parts
        assert not entry.filename.lower().endswith(SUSPICIOUS) or parts[1:] == WEIGHTS.split("/"), entry.filename
        assert not entry.external_attr >> 16 & 0o111, f"{entry.filename} is executable"


def test_every_module_of_the_tree_goes_along(package):
    names = set(zipfile.ZipFile(package).namelist())
    for folder in ("engine", "qgis_plugin"):
        for path in (ROOT / folder).rglob("*.py"):
            assert f"smarties/{path.relative_to(ROOT).as_posix()}" in names


def test_the_model_comes_along_with_its_card(unpacked):
    assert (unpacked / WEIGHTS).read_bytes() == (ROOT / WEIGHTS).read_bytes()
    assert (unpacked / WEIGHTS).with_suffix(".md").is_file()


def test_metadata_says_what_the_site_demands(metadata, unpacked):
    for key in REQUIRED:
        assert metadata.get(key, "").strip(), key
    assert "/" not in metadata["author"]
    assert re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", metadata["email"])
    for key in ("tracker", "repository", "homepage"):
        url = urlparse(metadata[key])
        assert url.scheme == "https" and "." in url.netloc, key
    assert (unpacked / metadata["icon"]).is_file()
    assert len(metadata["description"]) <= 500 and "<" not in metadata["about"]


def test_metadata_fits_the_engine_and_the_qgis_versions(metadata):
    import engine

    assert metadata["version"] == engine.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", metadata["version"])
    assert (metadata["qgisMinimumVersion"], metadata["qgisMaximumVersion"]) == ("3.22", "4.99")
    assert metadata["hasProcessingProvider"] == "yes" and metadata["supportsQt6"] == "True"
    assert {metadata[key] for key in ("experimental", "deprecated", "server")} <= {"True", "False"}


def test_bandit_finds_nothing(unpacked):
    report = json.loads(run_tool("bandit", "-r", ".", "-f", "json", "--quiet", "-s", BANDIT_OFF, cwd=unpacked))
    assert report["errors"] == []
    found = [f"{x['filename']}:{x['line_number']} {x['test_id']} {x['issue_text']}" for x in report["results"]]
    assert found == [], "\n".join(found)


def test_every_exception_from_bandit_gives_its_reason(unpacked):
    # Starting a process needs none: that no shell is ever involved is tested for all of them below.
    for path in unpacked.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if "nosec" in line and not re.search(r"# nosec (B404|B603|B607)", line):
                above = lines[number - 1].strip()
                reason = re.search(r"# nosec B\d{3}(, ?B\d{3})*\W+\w+", line) or above.startswith("#")
                assert reason, f"{path.name}:{number + 1} {line.strip()}"


def test_no_secret_is_found(unpacked):
    report = run_tool("detect-secrets", "scan", "--all-files", "--exclude-files", r"metadata\.txt", ".", cwd=unpacked)
    assert json.loads(report)["results"] == {}


def test_flake8_finds_nothing(unpacked):
    # E203: blanks around the colon of a slice are how ruff formats; E501: long lines are ruff's to judge.
    options = ["--isolated", "--max-line-length=120", "--extend-ignore=E203,E501"]
    assert run_tool("flake8", *options, ".", cwd=unpacked) == ""


def test_no_code_is_run_from_data(unpacked):
    forbidden = {"eval", "exec", "compile", "torch.load", "os.system", "os.popen", "shutil.unpack_archive"}
    for path in unpacked.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in forbidden, f"{path}:{node.lineno}"
                assert not ast.unparse(node.func).endswith(".extractall"), f"{path}:{node.lineno}"
                shell = [k for k in node.keywords if k.arg == "shell" and ast.unparse(k.value) != "False"]
                assert not shell, f"{path}:{node.lineno}"
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                assert not {"pickle", "marshal", "shelve", "dill", "joblib"} & set(names), f"{path}:{node.lineno}"


def test_profiles_are_looked_for_where_each_system_keeps_them():
    home = Path("/home/someone")
    assert profile_folders("linux", home, {})[0] == home / ".local/share/QGIS/QGIS3/profiles"
    assert profile_folders("linux", home, {"XDG_DATA_HOME": "/data"})[1] == Path("/data/QGIS/QGIS4/profiles")
    assert profile_folders("darwin", home, {})[0] == home / "Library/Application Support/QGIS/QGIS3/profiles"
    assert profile_folders("win32", home, {"APPDATA": "/roaming"})[0] == Path("/roaming/QGIS/QGIS3/profiles")
    assert profile_folders("linux", home, {"QGIS_CUSTOM_CONFIG_PATH": "/x"}) == [Path("/x/profiles")]
