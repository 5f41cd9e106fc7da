# shellcheck shell=bash
# Sourced: engine_ready answers 0 once a Docker engine answers, having installed and started one where it may.
LOCAL_SOCKET=/var/run/docker.sock
LOCAL_ENGINE=unix://$LOCAL_SOCKET
ENGINE_LOG=/var/log/lci-dockerd.log

# engine_state: prints "up", "forbidden" (a socket that this user may not open) or "down".
engine_state() { "$VENV/bin/python" -I "$ROOT/scripts/lib/engine_state.py" "${DOCKER_HOST:-$LOCAL_ENGINE}"; }

# configured_engine: prints the engine that lci.toml names, if any; what is wrong with the file is lci's to tell.
configured_engine() {
    "$VENV/bin/python" -P -c 'from lci_app.config.surroundings import load_config
print(load_config({}).docker_host or "")' 2>/dev/null || true
}

wait_engine() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        [ "$(engine_state)" = down ] || return 0
        sleep 0.1
    done
    return 1
}

# A dockerd of our own for machines without an init system (a container, a small VM); it outlives this script.
# It refuses to start over a pid file that the last boot left, once another process has that number.
start_bare_engine() {
    say "starting dockerd in the background (log: $ENGINE_LOG)"
    # shellcheck disable=SC2016  # expanded by the inner shell
    as_root sh -c 'PATH=$PATH:/usr/sbin:/sbin
        [ "$(cat "/proc/$(cat /var/run/docker.pid)/comm")" = dockerd ] || rm -f /var/run/docker.pid
        setsid dockerd >>"$0" 2>&1 </dev/null &' "$ENGINE_LOG" 2>/dev/null
    wait_engine
}

start_engine() {
    if [ -d /run/systemd/system ]; then
        say "starting docker.service"
        as_root systemctl start docker >&2 && wait_engine
    elif [ -x /etc/init.d/docker ] && as_root service docker start >/dev/null 2>&1; then
        say "started it: service docker start"
        wait_engine
    else
        start_bare_engine
    fi
}

# The packaged engine's socket belongs to the group docker, which this session has not joined when it was just made.
admit_user() {
    [ "$(engine_state)" = forbidden ] || return 0
    may_root || die "this user may not use $LOCAL_SOCKET: run 'sudo usermod -aG docker $(id -un)', log in again, and repeat"
    say "adding $(id -un) to the group docker"
    as_root usermod -aG docker "$(id -un)"
    as_root chown "$(id -u)" "$LOCAL_SOCKET"
    [ "$(engine_state)" = up ] || die "this user still may not use $LOCAL_SOCKET: log in again and repeat"
}

bring_up_engine() {
    if ! may_root; then
        have dockerd && die "no Docker engine answers at $LOCAL_SOCKET: run 'sudo systemctl start docker', or set DOCKER_HOST"
        die "no Docker engine answers at $LOCAL_SOCKET and only root may install one: run 'sudo apt-get install docker.io', or set DOCKER_HOST"
    fi
    say "no Docker engine answers at $LOCAL_SOCKET"
    if ! have dockerd; then
        may_apt || die "this system has no apt-get to install docker.io with: install a Docker engine, or set DOCKER_HOST"
        apt_install docker.io iptables || die "apt-get could not install docker.io: install a Docker engine, or set DOCKER_HOST"
    fi
    start_engine || die "the Docker engine was started and does not answer: see $ENGINE_LOG, or 'journalctl -u docker'"
}

engine_ready() {
    [ "$(engine_state)" != up ] || return 0
    [ "${DOCKER_HOST:-$LOCAL_ENGINE}" = "$LOCAL_ENGINE" ] ||
        die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST to use the local one"
    PATH=$PATH:/usr/sbin:/sbin # where dockerd is, and where few users' PATH leads
    (
        flock 9
        # Closed for what is started here: an engine that inherits the lock would hold it for ever.
        [ "$(engine_state)" != down ] || bring_up_engine 9<&-
        admit_user
    ) 9<"$ROOT"
    say "the Docker engine answers"
}
