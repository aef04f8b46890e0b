create table pairing_codes (
    hash {blob} primary key,
    organisation_id text not null references organisations (id),
    created_by text not null references accounts (id),
    expires_at bigint not null,
    used_at bigint
);

create table printers (
    id text primary key,
    organisation_id text not null references organisations (id),
    name text not null,
    model text not null,
    machine_id {blob} not null,
    device_public_key {blob} not null unique,
    profile {blob} not null,
    statement {blob} not null,
    enrolled_at bigint not null,
    revoked_at bigint
);

create index printers_by_organisation on printers (organisation_id);
