create table uploads (
    id text primary key,
    organisation_id text not null references organisations (id),
    account_id text not null references accounts (id),
    bytes bigint not null,
    received bigint not null,
    sha256 {blob} not null,
    wrapped_key {blob} not null,
    created_at bigint not null
);

create index uploads_by_organisation on uploads (organisation_id);

create table upload_pieces (
    id text primary key,
    upload_id text not null references uploads (id),
    position bigint not null,
    unique (upload_id, position)
);
