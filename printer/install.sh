#!/usr/bin/env bash
# Puts Touchmark into a printer's Klipper and Moonraker, and takes it out again.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: printer/install.sh [--check | --uninstall] [options]
  (nothing)            installs; run again, it changes nothing that is right already
  --check              says what is in place; exit status 1 when something is missing
  --uninstall          takes everything out again
  --dry-run            says what would be done, and does nothing
  --yes                does not ask before services are restarted
  --klipper DIR        Klipper's folder (otherwise klipper in the user's home)
  --moonraker DIR      Moonraker's folder (otherwise moonraker in the user's home)
  --printer-data DIR   the printer's folder with config, gcodes, logs (otherwise printer_data in the user's home)
  --gateway FILE       the program touchmark-gateway (otherwise the one on the PATH)
  --nginx-site FILE    the front end's NGINX configuration, or none (otherwise mainsail or fluidd in /etc/nginx/sites-available, where one is)
  --systemd-dir DIR    where the unit goes (otherwise /etc/systemd/system)
TEXT
}

say()  { printf '%s\n' "$*"; }
die()  { printf 'error: %s\n' "$1" >&2; [ $# -lt 2 ] || printf 'fix: %s\n' "$2" >&2; exit 2; }

task=install dry=false yes=false
klipper='' moonraker='' data='' gateway='' site='' units=/etc/systemd/system
while [ $# -gt 0 ]; do
    case "$1" in
        --check) task=check ;;
        --uninstall) task=uninstall ;;
        --dry-run) dry=true ;;
        --yes) yes=true ;;
        --help|-h) usage; exit 0 ;;
        --klipper|--moonraker|--printer-data|--gateway|--nginx-site|--systemd-dir)
            [ $# -gt 1 ] || die "$1 needs a value"
            case "$1" in
                --klipper) klipper=$2 ;; --moonraker) moonraker=$2 ;; --printer-data) data=$2 ;;
                --gateway) gateway=$2 ;; --nginx-site) site=$2 ;; --systemd-dir) units=$2 ;;
            esac
            shift ;;
        *) usage >&2; die "unknown option $1" ;;
    esac
    shift
done

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
repository=$(dirname "$here")
home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6)
klipper=${klipper:-$home/klipper} moonraker=${moonraker:-$home/moonraker} data=${data:-$home/printer_data}

[ -d "$klipper/klippy/extras" ] || die "no Klipper in $klipper" "name its folder with --klipper DIR"
[ -d "$moonraker/moonraker/components" ] || die "no Moonraker in $moonraker" "name its folder with --moonraker DIR"
for name in printer.cfg moonraker.conf; do
    [ -f "$data/config/$name" ] || die "no $name in $data/config" "name the printer's folder with --printer-data DIR"
done
klipper=$(readlink -f "$klipper") moonraker=$(readlink -f "$moonraker") data=$(readlink -f "$data")
for path in "$here" "$klipper" "$moonraker" "$data"; do
    case "$path" in *[[:space:]\"\'\\%\|\&\;#]*) die "the path $path has spaces, quotes or other signs that configurations do not take" ;; esac
done
owner=$(stat -c %U "$data") group=$(stat -c %G "$data")
state=$(getent passwd "$owner" | cut -d: -f6)/.touchmark
gateway=${gateway:-$(command -v touchmark-gateway || true)}
if [ "$task" = install ] && [ ! -x "$gateway" ]; then
    die "the program touchmark-gateway was not found" "name it with --gateway FILE (dotnet publish src/Touchmark.Gateway -c Release -r linux-arm64 makes it)"
fi
[ ! -e "$gateway" ] || gateway=$(readlink -f "$gateway")
if [ -z "$site" ]; then
    for name in mainsail fluidd; do [ -f "/etc/nginx/sites-available/$name" ] && { site=/etc/nginx/sites-available/$name; break; }; done
    site=${site:-none}
fi
[ "$site" = none ] || [ -f "$site" ] || die "no NGINX configuration at $site" "name the right file with --nginx-site FILE, or none"

changed=0 missing=0
work=$(mktemp) plain=$(mktemp)
trap 'rm -f "$work" "$plain"' EXIT

# root FILE COMMAND...: as root where the user may not write the file or, where there is none, its folder.
root() {
    local target=$1
    shift
    [ -e "$target" ] || target=$(dirname "$target")
    if [ -w "$target" ]; then "$@"; else sudo "$@"; fi
}
# wanted TEXT: whether what TEXT says is to be done now; counts it, and says it.
wanted() {
    if [ "$task" = check ]; then say "missing  $1"; missing=$((missing + 1)); return 1; fi
    changed=$((changed + 1))
    if $dry; then say "would    $1"; return 1; fi
    say "         $1"
}
right() { [ "$task" != check ] || say "ok       $1"; }
# write FILE: what lies in $work becomes its content. It stays the same file, with its owner and rights and whatever leads to it.
write() { root "$1" tee "$1" <"$work" >/dev/null; }

link() {
    local from=$1 to=$2 is=''
    [ ! -L "$to" ] || is=$(readlink "$to")
    if [ "$task" = uninstall ]; then
        [ "$is" != "$from" ] || ! wanted "remove the link $to" || root "$(dirname "$to")" rm "$to"
    elif [ "$is" = "$from" ]; then right "link $to"
    else
        [ -L "$to" ] || [ ! -e "$to" ] || die "$to is there and is no link" "move it away, then run this again"
        ! wanted "link $to" || { root "$(dirname "$to")" ln -sfn "$from" "$to" && { [ "$(id -u)" -ne 0 ] || chown -h "$owner:$group" "$to"; }; }
    fi
}

# A block stands between two marker lines. Had the file no line break at its end before, the first one says so: that is how it comes out byte for byte.
begin='# >>> touchmark' end='# <<< touchmark'
without_block() {
    if ! grep -q "^$begin" "$1"; then cat "$1"; return; fi
    BEGIN_LINE=$begin END_LINE=$end awk '
        index($0, ENVIRON["BEGIN_LINE"]) == 1 { inside = 1; joined = $0 ~ / joined$/; next }
        inside { if ($0 == ENVIRON["END_LINE"]) inside = 0; next }
        { if (lines++) printf "\n"; printf "%s", $0 }
        END { if (lines && !joined) printf "\n" }' "$1"
}
# block FILE TEXT [before|after PATTERN]: at the first line that matches, otherwise at the end.
block() {
    local file=$1 text=${2:-} where=${3:-end} pattern=${4:-} mark=$begin
    without_block "$file" >"$plain"
    if [ "$task" = uninstall ]; then
        cmp -s "$plain" "$file" || ! wanted "take the block out of $file" || { cp "$plain" "$work" && write "$file"; }
        return
    fi
    [ -z "$(tail -c 1 "$plain")" ] || mark="$begin joined"
    BLOCK=$mark$'\n'$text$'\n'$end WHERE=$where PATTERN=$pattern awk '
        function put() { print ENVIRON["BLOCK"]; done = 1 }
        !done && ENVIRON["WHERE"] == "before" && $0 ~ ENVIRON["PATTERN"] { put() }
        { print }
        !done && ENVIRON["WHERE"] == "after" && $0 ~ ENVIRON["PATTERN"] { put() }
        END { if (!done) put() }' "$plain" >"$work"
    if cmp -s "$work" "$file"; then right "block in $file"
    elif wanted "put a block into $file"; then write "$file"; fi
}

# The two Python parts are links, so that one update of the repository updates both.
link "$here/klipper/touchmark" "$klipper/klippy/extras/touchmark"
link "$here/moonraker/touchmark" "$moonraker/moonraker/components/touchmark"
# Moonraker's update manager would call the two folders changed.
[ ! -f "$klipper/.git/info/exclude" ] || block "$klipper/.git/info/exclude" /klippy/extras/touchmark
[ ! -f "$moonraker/.git/info/exclude" ] || block "$moonraker/.git/info/exclude" /moonraker/components/touchmark

block "$data/config/printer.cfg" '[touchmark]' before '^#[*]# <-+ SAVE_CONFIG -+>'
section='[touchmark]'
# Where nobody uses the update manager, a section for it would switch it on.
updates=$(for file in "$data"/config/*.conf "$data"/config/*.cfg; do [ ! -f "$file" ] || without_block "$file"; done | grep -c '^\[update_manager' || true)
origin=$(git -C "$repository" config --get remote.origin.url 2>/dev/null || true)
branch=$(git -C "$repository" symbolic-ref --short -q HEAD 2>/dev/null || true)
[ -z "$origin" ] || [ "$updates" -eq 0 ] || section="$section

[update_manager touchmark]
type: git_repo
path: $repository
origin: $origin
primary_branch: ${branch:-main}
is_system_service: False
managed_services: klipper moonraker"
block "$data/config/moonraker.conf" "$section"
# The services that Moonraker may start and stop. It takes each line for a name; the markers name none.
[ ! -f "$data/moonraker.asvc" ] || block "$data/moonraker.asvc" touchmark-gateway
[ "$site" = none ] || block "$site" "    include $here/nginx/touchmark.conf;" after '^[[:space:]]*server[[:space:]]*[{]'

unit=$units/touchmark-gateway.service
sed -e "s|@USER@|$owner|; s|@HOME@|$state|g; s|@GATEWAY@|$gateway|; s|@GCODES@|$data/gcodes|" "$here/systemd/touchmark-gateway.service" >"$work"
if [ "$task" = uninstall ]; then
    if [ -e "$unit" ] && wanted "stop and remove the service touchmark-gateway"; then
        root "$unit" systemctl disable --now touchmark-gateway
        root "$units" rm "$unit"
        root "$units" systemctl daemon-reload
    fi
elif [ -z "$gateway" ] && [ -e "$unit" ] || cmp -s "$work" "$unit"; then right "service $unit"
elif wanted "write the service $unit"; then
    write "$unit"
    root "$unit" systemctl daemon-reload
    root "$unit" systemctl enable touchmark-gateway
fi

if [ "$task" = check ]; then
    if [ "$missing" -eq 0 ]; then say "everything is in place"; else say "$missing missing"; exit 1; fi
    exit
fi
if [ "$changed" -eq 0 ]; then say "nothing to do"; exit; fi
! $dry || { say "$changed changes; nothing was done"; exit; }

services=(klipper moonraker)
[ "$task" = uninstall ] || services=(touchmark-gateway klipper moonraker)
later="systemctl restart ${services[*]}"
[ "$site" = none ] || later="$later && nginx -t && systemctl reload nginx"
if curl -fsS -m 3 "${MOONRAKER_URL:-http://127.0.0.1:7125}/printer/objects/query?print_stats=state" 2>/dev/null | grep -Eq '"state": ?"(printing|paused)"'; then
    say "A print is running, so nothing is restarted. After it: $later"
    exit
fi
answer=n
if $yes; then answer=y; elif [ -t 0 ]; then read -r -p "Restart ${services[*]} now? [y/N] " answer; fi
case "$answer" in
    y|Y|yes)
        root "$units" systemctl restart "${services[@]}"
        [ "$site" = none ] || { root "$site" nginx -t && root "$site" systemctl reload nginx; }
        say "done: Moonraker's log has a line 'touchmark: the gateway at … answers' when all is well" ;;
    *) say "To put it to work: $later" ;;
esac
