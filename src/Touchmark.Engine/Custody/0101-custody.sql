-- Who may sign for a part. Nothing here says which account, organisation or person stands behind a pseudonym: statement is the admission, which is all that the engine knows.
create table custodians (
    part_id text not null references parts (id),
    pseudonym text not null,
    statement {blob} not null,
    primary key (part_id, pseudonym)
);

create table custody_events (
    part_id text not null references parts (id),
    number bigint not null,
    sha256 {blob} not null,
    statement {blob} not null,
    primary key (part_id, number)
);

-- A row until it is used, or too old. It does not say who made it; role is CustodianRole.
create table custody_invitations (
    hash {blob} primary key,
    part_id text not null references parts (id),
    role text not null,
    expires_at bigint not null
);

create index custody_invitations_by_part on custody_invitations (part_id);
