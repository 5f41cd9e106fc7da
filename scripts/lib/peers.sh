# shellcheck shell=bash
# Sourced: peers_ready installs what lci is tested against, where that is allowed: the proxies that ours is compared with,
# an ssh server to fetch from, what moves a program's clock, and what makes its system calls fail.
declare -A PACKAGE_OF=([nginx]=nginx [haproxy]=haproxy [sshd]=openssh-server [faketime]=faketime [strace]=strace)
declare -A SERVICE_OF=([nginx]=nginx [haproxy]=haproxy [sshd]=ssh)

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
    for name in nginx haproxy sshd faketime strace; do
        have "$name" && continue
        missing+=("$name")
        packages+=("${PACKAGE_OF[$name]}")
    done
    [ ${#missing[@]} != 0 ] || return 0
    if ! may_apt || ! apt_install "${packages[@]}"; then
        say "lci is tested against nginx, haproxy, sshd, faketime and strace, and here is no ${missing[*]}: run 'sudo apt-get install nginx haproxy openssh-server faketime strace'"
        return 0
    fi
    for name in "${missing[@]}"; do
        [ -z "${SERVICE_OF[$name]:-}" ] || stop_service "${SERVICE_OF[$name]}"
    done
}
