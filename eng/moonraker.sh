# shellcheck shell=bash disable=SC2154 # printer is the caller's
# Sourced, not run. What a front end such as Mainsail asks of a printer's Moonraker, by bash alone. Needs $printer (http://HOST:PORT) and say().

# moonraker METHOD PATH [TYPE FILE]: the answer's body; fails where the answer does.
moonraker() {
    local place=${printer#http://} length=0 answer
    place=${place%/}
    [ -z "${4:-}" ] || length=$(stat -c %s "$4")
    exec 9<>"/dev/tcp/${place%:*}/${place##*:}" || return 1
    {
        printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' "$1" "$2" "$place"
        printf 'Content-Type: %s\r\nContent-Length: %s\r\n\r\n' "${3:-text/plain}" "$length"
        [ -z "${4:-}" ] || cat "$4"
    } >&9
    answer=$(cat <&9)
    exec 9>&-
    printf '%s\n' "$answer" | sed '1,/^\r*$/d'
    [[ $answer == HTTP/1.1\ 2* ]]
}

# moonraker_upload FILE [print]: as a front end uploads, and prints when asked to.
moonraker_upload() {
    local boundary="touchmark-$RANDOM$RANDOM" form
    form=$(mktemp)
    {
        [ -z "${2:-}" ] || printf -- '--%s\r\nContent-Disposition: form-data; name="print"\r\n\r\ntrue\r\n' "$boundary"
        printf -- '--%s\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: application/octet-stream\r\n\r\n' "$boundary" "$(basename "$1")"
        cat "$1"
        printf -- '\r\n--%s--\r\n' "$boundary"
    } >"$form"
    moonraker POST /server/files/upload "multipart/form-data; boundary=$boundary" "$form"
    local outcome=$?
    rm "$form"
    return $outcome
}

# moonraker_follow STATE: shows the print that runs until it ends; fails when it does not end in this state.
moonraker_follow() {
    local answer state progress told=""
    while sleep 0.3; do
        answer=$(moonraker GET '/printer/objects/query?print_stats&virtual_sdcard&touchmark') || return 1
        state=$(grep -oE '"state": *"[a-z]+"' <<<"$answer" | head -1 | grep -oE '[a-z]+"$' | tr -d '"')
        progress=$(grep -oE '"progress": *[0-9.]+' <<<"$answer" | head -1 | grep -oE '[0-9.]+$')
        # In tenths; Klipper's extra tells the rest in an object of its own.
        progress=$(awk "BEGIN { printf \"%s %d %%\", \"$state\", int(${progress:-0} * 10) * 10 }")
        [ -n "$told" ] || say "Klipper's status  $(grep -oE '"touchmark": *\{[^}]*\}' <<<"$answer")"
        [ "$progress" = "$told" ] || say "print_stats       $progress"
        told=$progress
        case "$state" in
            printing|paused) ;;
            *) [ "$state" = "$1" ]; return ;;
        esac
    done
}
