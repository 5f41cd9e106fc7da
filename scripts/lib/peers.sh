# shellcheck shell=bash
# Sourced: peers_ready installs the proxies that ours is compared with, nginx and haproxy, where that is allowed.

# Debian starts what it installs: nobody asked for a server on port 80.
stop_service() {
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now "$1" >/dev/null 2>&1 || true
    elif [ -x "/etc/init.d/$1" ]; then
        as_root service "$1" stop >/dev/null 2>&1 || true
    fi
}

# Without them everything else can still be tested; the comparison itself then fails and says what it needs.
peers_ready() {
    local PATH=$PATH:/usr/sbin:/sbin name missing=()
    for name in nginx haproxy; do
        have "$name" || missing+=("$name")
    done
    [ ${#missing[@]} != 0 ] || return 0
    if ! may_apt || ! apt_install "${missing[@]}"; then
        say "the proxy is compared with nginx and haproxy, and here is no ${missing[*]}: run 'sudo apt-get install nginx haproxy'"
        return 0
    fi
    for name in "${missing[@]}"; do
        stop_service "$name"
    done
}
