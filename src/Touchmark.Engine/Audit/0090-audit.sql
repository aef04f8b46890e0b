-- Rows are added and never changed: each statement holds the hash of the one before it. details is JSON, a copy of what the statement says.
create table audit (
    number bigint primary key,
    id text not null unique,
    at bigint not null,
    actor text not null,
    account_id text references accounts (id),
    act text not null,
    subject text not null,
    outcome text not null,
    refusal_code text,
    details text not null,
    statement {blob} not null
);

create index audit_by_subject on audit (subject);
