"""Links the working tree into the profiles of QGIS found on this computer, as the plugin `smarties`.

install.py [PROFILE]: `default` unless told otherwise. Where links are not allowed (Windows), the files are copied.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from package import ROOT, packaged_files


def profile_folders(platform: str, home: Path, environment: dict[str, str]) -> list[Path]:
    """Where QGIS 3 and 4 keep their profiles on such a platform; the first is the default."""
    if environment.get("QGIS_CUSTOM_CONFIG_PATH"):
        return [Path(environment["QGIS_CUSTOM_CONFIG_PATH"]) / "profiles"]
    if platform == "win32":
        bases = [Path(environment.get("APPDATA", home / "AppData/Roaming"))]
    elif platform == "darwin":
        bases = [home / "Library/Application Support"]
    else:
        data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share")
        bases = [data, home / ".var/app/org.qgis.qgis/data"]
    return [base / "QGIS" / version / "profiles" for base in bases for version in ("QGIS3", "QGIS4")]


def install(plugins: Path) -> str:
    """Put the working tree into a folder of plugins and say what was done."""
    target = plugins / "smarties"
    plugins.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    elif target.exists() and not (target / ".copied-by-make-install").exists():
        sys.exit(f"smarties: {target} is an installed plugin; remove it in QGIS's plugin manager and run this again.")
    else:
        shutil.rmtree(target, ignore_errors=True)
    try:
        target.symlink_to(ROOT, target_is_directory=True)
        return f"smarties: {target} → {ROOT}"
    except OSError:
        for relative in packaged_files():
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / relative, target / relative)
        (target / ".copied-by-make-install").touch()
        return f"smarties: copied to {target}; run this again after every change"


if __name__ == "__main__":
    folders = profile_folders(sys.platform, Path.home(), dict(os.environ))
    name = sys.argv[1] if len(sys.argv) > 1 else "default"
    for folder in [folder for folder in folders if folder.is_dir()] or folders[:1]:
        print(install(folder / name / "python" / "plugins"))
    print("smarties: switch SMARTIES on in QGIS under Plugins, Manage and install plugins")
