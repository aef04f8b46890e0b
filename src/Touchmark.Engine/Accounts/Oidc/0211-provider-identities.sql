-- Who an account's owner is at an identity provider (OpenID Connect): the provider's name and the one that it never gives to anybody else.
create table provider_identities (
    issuer text not null,
    subject text not null,
    account_id text not null references accounts (id),
    email text,
    linked_at bigint not null,
    used_at bigint,
    primary key (issuer, subject),
    unique (account_id, issuer)
);
