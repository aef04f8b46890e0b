-- The secret of an authenticator app, sealed under the master key. Not confirmed: it was shown, and no code of it has come yet.
create table totp (
    account_id text primary key references accounts (id),
    wrapped {blob} not null,
    created_at bigint not null,
    confirmed_at bigint,
    -- Of this step or an earlier one no code is taken any more.
    last_step bigint not null default 0
);

create table recovery_codes (
    hash {blob} primary key,
    account_id text not null references accounts (id)
);

create index recovery_codes_by_account on recovery_codes (account_id);

-- The roles whose accounts need a second factor.
create table second_factor_roles (
    role bigint primary key
);
