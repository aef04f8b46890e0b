create table licences (
    id text primary key,
    design_id text not null references designs (id),
    organisation_id text not null references organisations (id),
    created_by text not null references accounts (id),
    prints bigint not null,
    taken bigint not null,
    expires_at bigint,
    exposure_limit_s double precision,
    outage_limit_s double precision,
    granted_at bigint not null,
    statement {blob} not null,
    revoked_at bigint,
    revocation_statement {blob},
    check (taken >= 0 and taken <= prints)
);

create index licences_by_organisation on licences (organisation_id);

-- What a licence is limited to; kind is LicenceScope.
create table licence_scopes (
    licence_id text not null references licences (id),
    kind bigint not null,
    value text not null,
    primary key (licence_id, kind, value)
);

create index licence_scopes_by_value on licence_scopes (kind, value);

create table licence_prints (
    job_id text primary key,
    licence_id text not null references licences (id),
    number bigint not null,
    taken_at bigint not null,
    given_back_at bigint
);

create index licence_prints_by_licence on licence_prints (licence_id);
