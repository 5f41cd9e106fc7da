# shellcheck shell=bash
# Sourced: web_ready brings what the dashboard is built and tested with: node, the packages of web/, a Chromium.
NODE_LOCK=$ROOT/scripts/lib/node.lock

modern_node() { have node && have npm && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; }

have_chromium() { have chromium || have chromium-browser || have google-chrome || [ -n "${LCI_CHROMIUM:-}" ]; }

# Distributions' nodes are older than Vite takes; PyPI carries a whole one, that lands beside our Python.
node_ready() {
    PATH=$VENV/bin:$PATH
    modern_node && return
    say "installing node into .venv"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$NODE_LOCK" </dev/null >&2 && modern_node
}

packages_ready() {
    local stamp=$ROOT/web/node_modules/.ready sum
    sum=$(cat "$ROOT/web/package.json" "$ROOT/web/package-lock.json" | sha256sum)
    [ "$sum" = "$(cat "$stamp" 2>/dev/null)" ] && return
    say "installing the packages of web/"
    (cd "$ROOT/web" && npm ci --no-audit --no-fund --loglevel=error </dev/null >&2) || return
    echo "$sum" >"$stamp"
}

# Without them everything else can still be tested; the dashboard's own tests then fail and say what they need.
web_ready() {
    if ! node_ready || ! packages_ready; then
        say "the dashboard is tested with node 20.19 or newer and the packages of web/, and they could not be had: install node, run 'npm ci' in web/"
        return 0
    fi
    have_chromium && return
    if ! may_apt || ! apt_install chromium; then
        say "the dashboard is tested in Chromium, and here is none: run 'sudo apt-get install chromium', or set LCI_CHROMIUM"
    fi
}
