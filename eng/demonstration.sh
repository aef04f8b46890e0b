# Fills the demonstration of ./run as its people would: by the command line, with printers and gateways of its own. Sourced by ./run; goes on with the people, the licence and the part of its first print.

demonstrate() {
    mkdir -p "$world"/{operator,auditor,clinic,rival}
    step "More people, designs and licences"
    person operator operator "Otto Operator" "Maker Hall"
    person auditor auditor "Aino Auditor" "Notified Body 0000"
    person clinic custodian "Clara Clinic" "North Clinic"
    person rival oem "Rita Rival" "Clip & Co"
    local spacer knob clip revoked
    spacer=$(designed oem spacer "Spacer" "Keeps two brackets 6 mm apart")
    knob=$(designed oem knob "Hand knob" "For an M8 bolt, to be turned with gloves on")
    clip=$(designed rival clip "Cable clip" "Holds a cable of 12 mm")
    spacer=$(licensed oem "$spacer" 10 --material PLA --material PETG)
    knob=$(licensed oem "$knob" 2 --material PLA)
    revoked=$(licensed rival "$clip" 1 --material PLA)
    clip=$(licensed rival "$clip" 5 --material PLA --material ABS)
    as rival licence revoke "$revoked" --reason "Superseded by revision B" >/dev/null

    step "The first part goes to a clinic, which builds it into a scanner"
    local part pseudonym
    part=$(as maker certificate show "$certificate_id" --json | field part_id)
    as maker custodian enrol "$part" --role manufacturer --region DE >/dev/null
    as maker part manufactured "$part" >/dev/null
    pseudonym=$(as clinic custodian show "$part" | sed -n 's/.* you are \(.*\)\.$/\1/p')
    as maker part transfer "$part" --to "$pseudonym" >/dev/null
    as clinic custodian enrol "$part" --role owner --region FR >/dev/null
    as clinic part receive "$part" >/dev/null
    as clinic part install "$part" --into "Scanner 4" >/dev/null
    say "part              $engine/p/$part"

    # Both are enrolled by machines in a hurry. Then one prints at its leisure; the other turns out to be broken, and is switched off.
    step "Two more printers"
    local workshop backroom
    virtual_printer workshop 2 0 50
    enrolled workshop "Workshop printer"
    workshop=$enrolled_id
    switch_off workshop
    virtual_printer workshop 2 "$printer_port" 4
    gateway workshop
    as maker job start --licence "$knob" --printer "$workshop" --material PLA --quality standard >/dev/null
    say "the workshop printer prints a hand knob, four times faster than life"

    virtual_printer backroom 3 0 50
    enrolled backroom "Back room printer"
    backroom=$enrolled_id
    switch_off backroom
    virtual_printer backroom 3 "$printer_port" 20 --behave cold
    gateway backroom
    as operator job watch "$(as operator job start --licence "$clip" --printer "$backroom" --material PLA --quality draft --json | field id)" >/dev/null 2>&1 || say "the back room printer's heaters fail, and the print with them"
    switch_off gateway-backroom
    switch_off backroom

    step "A recall, and prints that wait or were stopped"
    as operator printer bed-clear "$printer_id" >/dev/null
    as operator job watch "$(as operator job start --licence "$spacer" --printer "$printer_id" --material PLA --quality draft --lot "Spool 12/B" --json | field id)" >/dev/null
    as oem recall make --licence "$spacer" --material PLA --reason "This batch of PLA is brittle: take spacers out, and send them back." >/dev/null
    as maker job start --licence "$spacer" --printer "$backroom" --material PETG --quality standard >/dev/null
    as operator job cancel "$(as operator job start --licence "$clip" --printer "$backroom" --material ABS --quality draft --json | field id)" >/dev/null
}

designed() { as "$1" design upload "samples/$2.stl" --name "$3" --description "$4" --json | field id; }
licensed() { local who=$1 design=$2 prints=$3; shift 3; as "$who" licence issue --design "$design" --manufacturer "Maker Hall" --prints "$prints" "$@" --json | field id; }

declare -A process
# virtual_printer NAME SEED PORT SPEED MORE…: its address is in printer_at, its port in printer_port.
virtual_printer() {
    local name=$1 seed=$2 port=$3 speed=$4
    shift 4
    "$(program VirtualPrinter virtual-printer)" --port "$port" --seed "$seed" --speed "$speed" --gcode-store-size 0 "$@" >"$world/log/printer-$name.log" 2>&1 &
    process[$name]=$!
    pids+=($!)
    printer_at=$(await "the printer $name" "$world/log/printer-$name.log" "$address" $!)
    printer_port=${printer_at##*:}
}

# enrolled NAME TITLE: the printer at printer_at; its id is in enrolled_id.
enrolled() {
    local known
    mkdir -p "$world/$1"
    known=$(as maker printer list --json)
    "$(program Gateway touchmark-gateway)" enrol --home "$world/$1" --engine "$engine" --code "$(as maker printer pair --json | field code)" --printer "$printer_at" --name "$2" >"$world/log/enrol-$1.log" 2>&1 ||
        { cat "$world/log/enrol-$1.log" >&2; fail "$2 was not enrolled"; }
    enrolled_id=$(as maker printer list --json | grep -oE '"id": *"[^"]*"' | grep -vFf <(grep -oE '"id": *"[^"]*"' <<<"$known") | field id)
    say "enrolled          $2"
}

# gateway NAME: beside a printer that was started again, and has forgotten its dead-man timer.
gateway() {
    "$(program Gateway touchmark-gateway)" deadman install --home "$world/$1" >"$world/log/deadman-$1.log" 2>&1 || { cat "$world/log/deadman-$1.log" >&2; fail "the dead-man timer of $1 was not installed"; }
    "$(program Gateway touchmark-gateway)" run --home "$world/$1" >"$world/log/gateway-$1.log" 2>&1 &
    process[gateway-$1]=$!
    pids+=($!)
}

switch_off() {
    kill "${process[$1]}"
    wait "${process[$1]}" 2>/dev/null || true
}
