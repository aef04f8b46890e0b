# A vault with a SoftHSM token of its own, and a customer who holds a root, for the demonstration. Sourced by ./run.

# vault_install FOLDER PRINTER_ID: a token, a root, two officers, and the ceremony that gives the vault its keys. Needs program and say.
vault_install() {
    umask 077
    local folder=$1 printer=$2 people="$1/people"
    mkdir -p "$folder/tokens" "$people"
    export SOFTHSM2_CONF="$folder/softhsm2.conf"
    printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$folder/tokens" >"$SOFTHSM2_CONF"
    head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/pin"
    softhsm2-util --init-token --free --label touchmark --so-pin "$(head -c 8 /dev/urandom | od -An -tx1 | tr -d ' \n')" --pin "$(cat "$folder/pin")" >/dev/null
    local serial
    serial=$(softhsm2-util --show-slots | awk '/Serial number:/ { serial = $3 } /Label: *touchmark *$/ { print serial; exit }')

    keys() { TOUCHMARK_HOME="$people" "$(program Cli touchmark)" keys "$@" >>"$folder/ceremony.log"; }
    # A real root is divided into shares, and its secret kept in no file.
    keys root new --customer demonstration.example --out "$people/root.json" --keep "$people/root.secret" --without-shares
    local officer
    for officer in custodian witness; do
        keys officer new --key "$people/$officer.key" --out "$people/$officer.json"
        keys root appoint "$people/$officer.json" --root "$people/root.json" --secret "$people/root.secret" --name "Vera ${officer^}" --role "$officer" --out "$people/$officer.cbor" --yes
    done
    vault_pin=$(TOUCHMARK_HOME="$people" "$(program Cli touchmark)" keys root pin "$people/root.json" | grep -oE '[0-9A-Z]{4}(-[0-9A-Z]{1,4}){12,}' | head -1)
    cat >"$folder/answers" <<EOF
root = $people/root.json
pin = $vault_pin
custodian = $people/custodian.cbor
witness = $people/witness.cbor
custodian-key = $people/custodian.key
witness-key = $people/witness.key
place = Demonstration, on this machine
printer = $printer
serial = $serial
certificate = $people/certificate.cbor
EOF
    vault_options=(--data "$folder/data" --module "$(vault_module)" --token touchmark --pin-file "$folder/pin")
    "$(program Vault touchmark-vault)" ceremony request "${vault_options[@]}" --answers "$folder/answers" >>"$folder/ceremony.log"
    keys root sign-vault "$folder/data/ceremony/request.cbor" --root "$people/root.json" --secret "$people/root.secret" --out "$people/certificate.cbor" --yes
    "$(program Vault touchmark-vault)" ceremony complete "${vault_options[@]}" --answers "$folder/answers" >>"$folder/ceremony.log"
}

vault_module() { dpkg -L libsofthsm2 | grep '/libsofthsm2\.so$' | head -1; }
