#!/bin/sh
# Starts QGIS with the plugin, on a virtual screen and in a fresh profile, and runs a Python file in it: run-in-qgis.sh FILE
# The file finds `iface` in qgis.utils; its SystemExit is the exit code; QGIS ends with it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/qgis-environment.sh"

[ $# -ge 1 ] || fail "say which Python file QGIS is to run."
SMARTIES_SCRIPT=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
[ -f "$SMARTIES_SCRIPT" ] || fail "there is no file $1."
export SMARTIES_SCRIPT
prepare_qgis
prepare_qgis_venv
make_profile
run_qgis "${SMARTIES_TEST_TIMEOUT:-900}" "$root/tests/qgis_plugin/run_in_qgis.py"
