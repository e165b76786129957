"""Nothing here runs what a file holds: no pickle, no eval, no shell, no archive unpacked by its own paths."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("engine", "train", "qgis_plugin", "scripts", "benchmarks")
FILES = [ROOT / "__init__.py", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]

MODULES = {"pickle", "cPickle", "_pickle", "dill", "joblib", "cloudpickle", "jsonpickle", "shelve", "marshal", "yaml"}
#: Calls by their full name, whatever they are imported as.
CALLS = {
    "eval", "exec",  "__import__", "builtins.eval", "builtins.exec", "torch.load", "torch.save",
    "torch.hub.load", "torch.jit.load", "numpy.fromregex", "os.system", "os.popen", "subprocess.getoutput",
    "subprocess.getstatusoutput", "shutil.unpack_archive", "xml.dom.minidom.parse", "pandas.read_pickle",
}  # fmt: skip
#: Methods by their name alone: of an archive, and of anything that unpickles.
METHODS = {"extractall", "extract", "unpack_archive", "read_pickle", "to_pickle"}
#: Arguments that make a call one of these: (name, value that is refused).
ARGUMENTS = {("shell", True), ("allow_pickle", True), ("trust_remote_code", True), ("weights_only", False)}


def found_in(source: str) -> list[str]:
    """What a source does that it must not, each with its line."""
    tree = ast.parse(source)
    names: dict[str, str] = {}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
                if alias.name.split(".")[0] in MODULES:
                    found.append(f"{node.lineno}: imports {alias.name}")
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            if (node.module or "").split(".")[0] in MODULES:
                found.append(f"{node.lineno}: imports from {node.module}")
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and _full_name(node, names) in CALLS:
            found.append(f"{node.lineno}: {_full_name(node, names)}")
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            found.append(f"{node.lineno}: {node.func.attr}")
        for keyword in node.keywords:
            # A value that is not written out could be anything.
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else not _harmless(keyword.arg)
            if (keyword.arg, value) in ARGUMENTS:
                found.append(f"{node.lineno}: {keyword.arg}={value}")
    return found


def _harmless(argument: str | None) -> bool:
    return dict(ARGUMENTS).get(argument or "", False) is not True


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        inner = _full_name(node.value, names)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_runs_what_a_file_holds(path: Path) -> None:
    assert found_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "import pickle as p", "from joblib import load", "import os.path, marshal",
        "import torch\ntorch.load('a')", "import torch as t\nt.load('a')", "from torch import load as read\nread('a')",
        "from torch import load\nmap(load, files)", "eval('1')", "run = exec\nrun('1')",
        "import numpy as np\nnp.load('a.npz', allow_pickle=True)", "np.load('a.npz', allow_pickle=asked)",
        "subprocess.run('ls', shell=True)", "subprocess.run('ls', shell=asked)", "import os\nos.system('ls')",
        "from os import popen\npopen('ls')", "archive.extractall(folder)", "archive.extract(name)",
        "import shutil\nshutil.unpack_archive('a.zip')", "torch.hub.load('a')",
        "AutoModel.from_pretrained('a', trust_remote_code=True)", "read('a', weights_only=False)",
    ],
)  # fmt: skip
def test_what_must_not_be_done_is_found(source: str) -> None:
    assert found_in(source)


@pytest.mark.parametrize(
    "source",
    [
        "import re\nre.compile('a')", "import numpy as np\nnp.load('a.npz')", "np.load('a', allow_pickle=False)",
        "subprocess.run(['ls'], shell=False)", "torch.load_state = 1", "self.load(path)", "text.partition('a')",
        "model.eval()", "encoder.load_state_dict(state)", "from engine.model import load_encoder\nload_encoder('a')",
    ],
)  # fmt: skip
def test_what_looks_alike_is_let_be(source: str) -> None:
    assert found_in(source) == []


def test_archives_are_opened_in_three_places_and_written_to_disk_in_none() -> None:
    # An npz is read array by array, the plugin's own package is written and listed. Others would have to be looked at.
    opening = re.compile(r"\b(zipfile|tarfile|zipimport|py7zr|rarfile|shutil\.unpack|np\.load\(|numpy\.load\()")
    found = {path.relative_to(ROOT).as_posix() for path in FILES if opening.search(path.read_text(encoding="utf-8"))}
    assert found == {"train/evaluation/datasets/files.py", "scripts/package.py", "benchmarks/map_cases.py"}


def test_the_scan_sees_all_of_the_code() -> None:
    assert len(FILES) > 250
    assert {path.relative_to(ROOT).parts[0] for path in FILES} >= set(FOLDERS)
