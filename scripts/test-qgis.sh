#!/bin/sh
# Runs the tests of the plugin inside a real QGIS on a virtual screen: test-qgis.sh [arguments of pytest]
# for example: scripts/test-qgis.sh -k cancel tests/qgis_plugin/panel
# SMARTIES_TEST_TIMEOUT is how many seconds all of it may take.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/qgis-environment.sh"

prepare_qgis
prepare_qgis_venv
make_profile

SMARTIES_PYTEST_ARGUMENTS=$("$python" -c '
import json, pathlib, sys
folder, *given = sys.argv[1:]
paths = [str(pathlib.Path(a.split("::")[0]).resolve()) + "".join("::" + p for p in a.split("::")[1:])
         if pathlib.Path(a.split("::")[0]).exists() and not a.startswith("-") else a for a in given]
if paths == given:
    paths.append(folder)
print(json.dumps(["-c", folder + "/pytest.ini", "--rootdir", folder, *paths]))
' "$root/tests/qgis_plugin" "$@")
export SMARTIES_PYTEST_ARGUMENTS

status=0
run_qgis "${SMARTIES_TEST_TIMEOUT:-2400}" "$root/tests/qgis_plugin/run_in_qgis.py" || status=$?
case $status in
    0) ;;
    124 | 137) echo "smarties: the tests in QGIS took too long and were ended" >&2 ;;
    1 | 2 | 3 | 4 | 5) echo "smarties: the tests in QGIS failed" >&2 ;;
    *) echo "smarties: QGIS ended with code $status" >&2 ;;
esac
exit "$status"
