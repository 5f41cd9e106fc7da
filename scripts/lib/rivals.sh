# shellcheck shell=bash
# Sourced: rivals_ready installs what the benches compare with, and what they load with.

# Debian's nginx begins to serve port 80 when it is installed, and at every boot. Nobody asked for that here.
install_nginx() {
    apt_install nginx || return
    if [ -d /run/systemd/system ]; then
        say "nginx is only measured with: systemctl disable --now nginx"
        as_root systemctl disable --quiet --now nginx >&2
    elif as_root service nginx status >/dev/null 2>&1; then
        say "nginx is only measured with: service nginx stop"
        as_root service nginx stop >&2
    fi
}

rivals_ready() {
    PATH=$PATH:/usr/sbin:/sbin # where nginx is, and where few users' PATH leads
    have curl || { may_apt && apt_install curl; } || die "the bench compares with curl: install it and repeat"
    have nginx || { may_apt && install_nginx; } || die "the bench compares with nginx: install it and repeat"
    have wrk || { may_apt && apt_install wrk; } || die "the bench loads with wrk: install it and repeat"
}
