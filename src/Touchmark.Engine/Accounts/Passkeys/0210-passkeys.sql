-- The public half of a key that somebody's device keeps (WebAuthn). The id that the device gave it is no secret, and nobody else's.
create table passkeys (
    id text primary key,
    account_id text not null references accounts (id),
    credential_id {blob} not null unique,
    public_key {blob} not null,
    -- Counts the uses where the device counts them, else 0: a value that does not grow tells of a copy.
    sign_count bigint not null,
    backup_eligible bigint not null,
    backed_up bigint not null,
    transports text not null,
    name text not null,
    created_at bigint not null,
    used_at bigint
);

create index passkeys_by_account on passkeys (account_id);

-- Challenges that were answered, right or wrong: none is taken twice. What has expired is refused anyway.
create table passkey_challenges (
    hash {blob} primary key,
    expires_at bigint not null
);
