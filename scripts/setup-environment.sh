#!/bin/sh
# Makes the engine's environment: setup-environment.sh VENV REQUIREMENTS
# Works on a bare Debian or Ubuntu; what the system lacks is installed with apt-get
# when this runs as root or with sudo, else named in one sentence.
set -eu

venv=$1
requirements=$2
python=${PYTHON:-python3}

. "$(dirname "$0")/system-packages.sh"

command -v "$python" >/dev/null 2>&1 || install_system_package python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed, $("$python" --version) was found; set PYTHON=/path/to/python3.11."
"$python" -c 'import venv, ensurepip' 2>/dev/null || install_system_package python3-venv

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "smarties: installing the Python packages of $requirements into $venv (a few minutes the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" -c constraints-dev.txt
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable .

# rasterio's wheels link to libexpat, which a minimal Debian does not have.
"$venv/bin/python" -c 'import rasterio' 2>/dev/null || install_system_package libexpat1
"$venv/bin/python" -c 'import rasterio'
