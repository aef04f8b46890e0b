# Installs what is missing, quietly, and only what is missing. Sourced by ./run and ./test.

say()  { printf '\033[2m·\033[0m %s\n' "$*"; }
fail() { printf 'error: %s\n' "$1" >&2; [ $# -gt 1 ] && printf 'hint: %s\n' "$2" >&2; exit 1; }

# need_debian PACKAGE...: dpkg is asked first, so that a second run costs milliseconds and needs no network.
need_debian() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "these Debian packages are missing: ${missing[*]}" "install their like with your system's package manager, then run this again"
    local sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    say "installing ${missing[*]} (Debian packages)"
    $sudo apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}" "run 'apt-get install ${missing[*]}' by hand to see why"
}

need_dotnet() {
    command -v dotnet >/dev/null || fail "the .NET 10 SDK is missing" "install it from https://dotnet.microsoft.com/download/dotnet/10.0"
    dotnet --version >/dev/null 2>&1 || fail "no .NET SDK here satisfies global.json" "install the .NET 10 SDK"
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
}

# What every way of running Touchmark needs: the slicer and its sandbox, Ed25519, SQLite, the fonts of labels.
need_runtime() { need_dotnet; need_debian prusa-slicer bubblewrap libsodium23 libsqlite3-0 fonts-dejavu-core; }

# Node of Debian 12 or newer, with npm, which some packages of Node bring along.
need_node() {
    command -v node >/dev/null || need_debian nodejs npm
    command -v npm >/dev/null || need_debian npm
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || fail "node $(node --version) is too old" "install Node 18 or newer"
}

# The pages' scripts, which the engine takes into itself when it is built. Made anew when a source has changed.
need_web() {
    need_node
    local sources log=$PWD/artifacts/web.log
    sources=$(cd web && find . \( -name node_modules -o -name dist -o -name obj \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    [ "$(cat web/dist/.sources 2>/dev/null)" = "$sources" ] && return
    say "building the pages' scripts"
    mkdir -p artifacts
    # shellcheck disable=SC2015 # either step may fail
    (cd web && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; } && npm run build) >"$log" 2>&1 || { cat "$log"; fail "the pages' scripts could not be built" "see $log; npm needs its registry once"; }
    echo "$sources" >web/dist/.sources
}

# The S3 server of the tests.
need_s3() {
    need_node
    [ tests/s3/node_modules/.package-lock.json -nt tests/s3/package-lock.json ] && return
    say "installing an S3 server for the tests"
    (cd tests/s3 && npm ci --no-audit --no-fund >/dev/null) || fail "the S3 server of the tests could not be installed" "npm needs its registry once"
}
