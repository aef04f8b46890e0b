create table organisations (
    id text primary key,
    name text not null,
    name_key text not null unique,
    created_at bigint not null
);

create table accounts (
    id text primary key,
    organisation_id text not null references organisations (id),
    email text not null unique,
    name text not null,
    role bigint not null,
    password_hash text not null,
    created_at bigint not null,
    disabled_at bigint
);

-- One row at most: whoever writes it is the first admin, and nobody after that.
create table bootstrap (
    id bigint primary key,
    account_id text not null references accounts (id)
);

create table tokens (
    hash {blob} primary key,
    account_id text not null references accounts (id),
    created_at bigint not null,
    expires_at bigint not null
);

create index tokens_by_expiry on tokens (expires_at);
