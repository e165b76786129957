# Sourced by the scripts: what the system lacks is installed with apt-get when this runs as root
# or with sudo, else named in one sentence.

fail() {
    echo "smarties: $*" >&2
    exit 1
}

install_system_package() {
    command -v apt-get >/dev/null 2>&1 || fail "the system package $1 is missing; install it and run this again."
    if [ "$(id -u)" -eq 0 ]; then
        sudo=""
    elif command -v sudo >/dev/null 2>&1; then
        sudo="sudo"
    else
        fail "the system package $1 is missing; run 'apt-get install $1' as root and then this again."
    fi
    echo "smarties: installing the system package $1"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}
