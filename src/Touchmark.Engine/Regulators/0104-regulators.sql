-- The authorities whose regulators may have identities opened to them; id is the SHA-256 of the certificate in hexadecimal.
create table regulator_roots (
    id text primary key,
    certificate {blob} not null,
    added_at bigint not null
);

-- The regulators that custodians seal their identities to.
create table regulators (
    id text primary key,
    root_id text not null references regulator_roots (id),
    certificate {blob} not null,
    added_at bigint not null
);

-- Challenges that a regulator has signed, for as long as they could be used again.
create table regulator_challenges (
    hash {blob} primary key,
    expires_at bigint not null
);
