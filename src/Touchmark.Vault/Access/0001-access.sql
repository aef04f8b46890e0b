-- Tokens for callers over TCP. Only the hash is kept; a token that was ended stays, with its time.
create table access_tokens (
    hash {blob} primary key,
    id text not null unique,
    name text not null,
    roles bigint not null,
    created_at bigint not null,
    expires_at bigint,
    ended_at bigint
);
