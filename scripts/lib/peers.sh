# shellcheck shell=bash
# Sourced: peers_ready installs what lci is tested against, where that is allowed: the proxies that ours is compared with,
# and an ssh server to fetch from.
declare -A PACKAGE_OF=([nginx]=nginx [haproxy]=haproxy [sshd]=openssh-server) SERVICE_OF=([nginx]=nginx [haproxy]=haproxy [sshd]=ssh)

# Debian starts what it installs: nobody asked for a server on port 80.
stop_service() {
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now "$1" >/dev/null 2>&1 || true
    elif [ -x "/etc/init.d/$1" ]; then
        as_root service "$1" stop >/dev/null 2>&1 || true
    fi
}

# Without them everything else can still be tested; what needs them then fails and says so.
peers_ready() {
    local PATH=$PATH:/usr/sbin:/sbin name missing=() packages=()
    for name in nginx haproxy sshd; do
        have "$name" && continue
        missing+=("$name")
        packages+=("${PACKAGE_OF[$name]}")
    done
    [ ${#missing[@]} != 0 ] || return 0
    if ! may_apt || ! apt_install "${packages[@]}"; then
        say "lci is tested against nginx, haproxy and sshd, and here is no ${missing[*]}: run 'sudo apt-get install nginx haproxy openssh-server'"
        return 0
    fi
    for name in "${missing[@]}"; do
        stop_service "${SERVICE_OF[$name]}"
    done
}
