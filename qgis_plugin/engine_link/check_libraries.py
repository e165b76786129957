"""Run by the engine's Python, not by QGIS: tells as one line of JSON which of the engine's libraries load.

``check_libraries.py PLUGIN_FOLDER [--gpu]``. It must start on Python 3.6, so that one that is too old can say so.
"""

import importlib
import importlib.util
import json
import os
import sys
import time

#: The module to import, after the engine's own for torchvision beside a CPU build of torch.
MODULES = ["torch", "torchvision", "timm", "rasterio", "numpy", "scipy", "skimage", "sklearn", "safetensors"]
MODULES += ["huggingface_hub", "httpx2", "filelock", "tqdm", "platformdirs", "affine", "click"]


def main() -> None:
    """Print the report."""
    report: dict = {"python": ".".join(str(part) for part in sys.version_info[:3]), "versions": {}, "missing": {}}
    if sys.version_info >= (3, 11):  # noqa: UP036
        for name in MODULES:
            check(name, report)
        if "--gpu" in sys.argv:
            report["gpu"] = smoke_test()
    # In ASCII whatever the console speaks, and on a line of its own whatever a library has printed.
    print("\n" + json.dumps(report))


def check(name: str, report: dict) -> None:
    """Import a library; its version or its trouble goes into the report."""
    try:
        if name == "torchvision":
            declare_operators()
        module = importlib.import_module(name)
        report["versions"][name] = str(getattr(module, "__version__", ""))
    except Exception as error:
        lines = str(error).splitlines() or [""]
        report["missing"][name] = f"{type(error).__name__}: {lines[0]}"


def declare_operators() -> None:
    """Do as the engine does before torchvision; its module alone, as its package would load everything at once."""
    path = os.path.join(sys.argv[1], "engine", "model", "_torchvision.py")
    spec = importlib.util.spec_from_file_location("_smarties_torchvision", path)
    assert spec and spec.loader  # nosec B101 - for the type checker
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)


def smoke_test() -> dict:
    """Compute on the GPU for a moment: {"works", "name", "reason", "seconds"}."""
    answer: dict = {"works": False, "name": "", "reason": "", "seconds": 0.0}
    try:
        torch = importlib.import_module("torch")
        if torch.version.cuda is None:
            answer["reason"] = "this build of PyTorch is for CPUs"
        elif not torch.cuda.is_available():
            answer["reason"] = "PyTorch finds no GPU that it can use"
        else:
            start = time.time()
            answer["name"] = torch.cuda.get_device_name(0)
            ones = torch.ones(1024, 1024, device="cuda")
            answer["works"] = float((ones @ ones)[0, 0]) == 1024.0
            answer["reason"] = "" if answer["works"] else "it computes wrong results"
            answer["seconds"] = round(time.time() - start, 3)
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        answer["reason"] = lines[0].rstrip(".")
    return answer


if __name__ == "__main__":
    main()
