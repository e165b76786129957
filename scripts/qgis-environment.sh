# Sourced by the scripts that start a real QGIS on a virtual screen with the working tree as its plugin.
# They set `root`. The profile is a temporary one; the user's own is never touched.
. "$root/scripts/system-packages.sh"

python=/usr/bin/python3 # the Python of Debian's QGIS
qgis_venv=$root/.venv-qgis

prepare_qgis() {
    command -v qgis >/dev/null 2>&1 || install_system_package qgis
    "$python" -c 'import qgis.core' 2>/dev/null || install_system_package python3-qgis
    command -v Xvfb >/dev/null 2>&1 || install_system_package xvfb
}

# The packages for testing, beside those of the system's Python.
prepare_qgis_venv() {
    stamp=$qgis_venv/.ready
    if [ ! -e "$stamp" ] || [ "$root/requirements-qgis-test.txt" -nt "$stamp" ]; then
        "$python" -c 'import venv, ensurepip' 2>/dev/null || install_system_package python3-venv
        "$python" -m venv --system-site-packages "$qgis_venv"
        "$qgis_venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/requirements-qgis-test.txt" \
            -c "$root/constraints-dev.txt"
        touch "$stamp"
    fi
    PYTHONPATH=$("$qgis_venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    export PYTHONPATH
}

# A fresh profile that holds the working tree as the plugin `smarties`, which run_in_qgis.py loads (a failure at the start
# of QGIS would open a dialog that nobody closes); gone when the script ends.
make_profile() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/smarties-qgis.XXXXXX")
    trap clean_up EXIT
    trap 'exit 130' INT TERM HUP
    profile=$work/profiles/default
    mkdir -p "$profile/python/plugins" "$profile/QGIS" "$work/run"
    chmod 700 "$work/run"
    ln -s "$root" "$profile/python/plugins/smarties"
    cat >"$profile/QGIS/QGIS3.ini" <<INI
[PythonPlugins]
processing=true
MetaSearch=false
db_manager=false
[qgis]
checkVersion=false
newsFeed\\entries=
[locale]
overrideFlag=true
userLocale=${SMARTIES_TEST_LOCALE:-en_US}
[app]
first_run_version=99999
[migration]
firstRunVersionFlag=99999
settings=true
INI
    # Nothing of the user's is read or written: settings, models, environments, logs.
    export SMARTIES_ROOT="$root" SMARTIES_HOME="$work/home" SMARTIES_MODELS="$work/models" SMARTIES_CACHE="$work/cache"
    export SMARTIES_LOG="$work/log/engine.log" XDG_RUNTIME_DIR="$work/run"
    if [ -z "${SMARTIES_TEST_ENGINE_PYTHON:-}" ] && [ -x "$root/.venv/bin/python" ]; then
        export SMARTIES_TEST_ENGINE_PYTHON="$root/.venv/bin/python"
    fi
}

# Ends what still runs, waits for it, so that no process is left over, and removes the profile.
clean_up() {
    for pid in ${qgis_pid:-} ${screen_pid:-}; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    rm -rf "$work"
}

# run_qgis SECONDS FILE: QGIS runs the Python file once it has started; a hang is ended after so many seconds.
run_qgis() {
    # Not xvfb-run: it leaves its Xvfb behind unreaped. The server picks a free display and writes it down.
    Xvfb -displayfd 3 -screen 0 "${SMARTIES_SCREEN:-1600x1000x24}" -nolisten tcp 3>"$work/display" 2>"$work/xvfb.log" &
    screen_pid=$!
    tries=0
    until [ -s "$work/display" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 100 ] || fail "the virtual screen did not start: $(cat "$work/xvfb.log")"
        sleep 0.1
    done
    DISPLAY=:$(cat "$work/display") LIBGL_ALWAYS_SOFTWARE=1 \
        timeout --foreground --kill-after=10 "$1" \
        qgis --profiles-path "$work" --nologo --noversioncheck --code "$2" &
    qgis_pid=$!
    wait "$qgis_pid"
}
