# shellcheck shell=bash
# Sourced: environment_ready LOCK makes .venv hold exactly what LOCK pins, and the program as .venv/bin/lci.
STAMPS=$VENV/.ready
UV_LOCK=$ROOT/scripts/lib/uv.lock

modern() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if have "$name" && modern "$name"; then
            echo "$name"
            return
        fi
    done
    die "Python 3.11 or newer is needed and none is on PATH: install it (Debian, Ubuntu: sudo apt-get install python3.11-venv)"
}

# Debian ships python3 without the means to make a virtual environment with pip in it.
make_venv() {
    local python=$1 package
    # Through a link, --clear would empty somebody else's environment.
    [ ! -L "$VENV" ] || die "$VENV is a link: remove it and repeat"
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv --clear "$VENV" >&2
    elif have uv; then
        uv venv --quiet --clear --seed --python "$(command -v "$python")" "$VENV" >&2
    else
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        may_apt || die "$python cannot make a virtual environment: install $package (or uv) and repeat"
        apt_install "$package" || die "apt-get could not install $package: install it (or uv) and repeat"
        "$python" -m venv --clear "$VENV" >&2
    fi
}

# After an interruption .venv may hold a python without pip.
usable_venv() { [ -x "$VENV/bin/python" ] && modern "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; }

# uv_as_pip UV ARGUMENT...: as pip is configured here, for uv reads neither pip.conf nor PIP_*. Any index may serve a
# file, as with pip: its hash is what is trusted.
uv_as_pip() {
    local uv=$1 settings default extra cert
    shift
    settings=$("$VENV/bin/python" -m pip config list 2>/dev/null || true)
    setting() { sed -n "s/^[^=]*\.$1='\(.*\)'\$/\1/p" <<<"$settings" | tail -n 1 | sed 's/\\n/ /g'; }
    default=${UV_DEFAULT_INDEX:-$(setting index-url)}
    extra=${UV_INDEX:-$(setting extra-index-url)}
    cert=${SSL_CERT_FILE:-$(setting cert)}
    env ${default:+"UV_DEFAULT_INDEX=$default"} ${extra:+"UV_INDEX=$extra"} ${cert:+"SSL_CERT_FILE=$cert"} \
        UV_INDEX_STRATEGY=unsafe-best-match VIRTUAL_ENV="$VENV" timeout 300 "$uv" pip "$@" </dev/null >&2
}

find_uv() {
    command -v uv || {
        [ -x "$VENV/bin/uv" ] || timeout 60 "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
            --require-hashes -r "$UV_LOCK" </dev/null >/dev/null 2>&1 || return
        echo "$VENV/bin/uv"
    }
}

# uv takes half a second where pip takes ten; pip stays the way for a machine that uv cannot serve.
install_lock() {
    local lock=$1 uv
    if uv=$(find_uv); then
        uv_as_pip "$uv" install --quiet --require-hashes -r "$lock" && return
        say "uv could not install ${lock##*/}, trying pip"
    fi
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" </dev/null >&2 ||
        die "the packages of ${lock##*/} could not be installed (see above): check the network and pip's settings, and repeat"
}

# A build of the package would need a build backend from the index; a path and a program are all that it would leave.
link_package() {
    "$VENV/bin/python" -I -c 'import pathlib, sysconfig, sys
pathlib.Path(sysconfig.get_path("purelib"), "lci.pth").write_text(sys.argv[1] + "\n", "utf-8")' "$ROOT"
    cat >"$VENV/bin/lci.new" <<'EOF'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -P -m lci_app "$@"
EOF
    chmod +x "$VENV/bin/lci.new"
    mv "$VENV/bin/lci.new" "$VENV/bin/lci"
}

# place: what an environment is bound to; another place or another Python makes it worthless.
place() { printf '%s\n%s\n' "$VENV" "$(readlink -f "$VENV/bin/python")"; }

# stamp LOCK: the state that a finished set-up of LOCK leaves.
stamp() {
    place
    cat "$1" "${BASH_SOURCE[0]}" | sha256sum
}

is_ready() {
    [ -x "$VENV/bin/python" ] && [ -x "$VENV/bin/lci" ] &&
        [ "$(stamp "$1")" = "$(cat "$STAMPS/${1##*/}" 2>/dev/null)" ]
}

set_up() {
    local lock=$1
    if ! usable_venv || { [ -e "$STAMPS/place" ] && [ "$(place)" != "$(cat "$STAMPS/place")" ]; }; then
        local python
        python=$(find_python)
        say "making the virtual environment .venv ($("$python" --version))"
        make_venv "$python"
    fi
    say "installing the packages of ${lock##*/}"
    install_lock "$lock"
    link_package
    # Last, and at once: whatever was interrupted before this is done again.
    mkdir -p "$STAMPS"
    place >"$STAMPS/place"
    stamp "$lock" >"$STAMPS/new"
    mv "$STAMPS/new" "$STAMPS/${lock##*/}"
}

# satisfied LOCK: requirements-dev.lock holds all of requirements.lock, so it serves for both.
satisfied() { is_ready "$ROOT/requirements-dev.lock" || { [ "$1" = requirements.lock ] && is_ready "$ROOT/$1"; }; }

environment_ready() {
    satisfied "$1" && return
    (
        flock 9
        satisfied "$1" || set_up "$ROOT/$1"
    ) 9<"$ROOT"
}
