create table jobs (
    id text primary key,
    licence_id text not null references licences (id),
    print_number bigint not null,
    design_id text not null references designs (id),
    owner_id text not null references organisations (id),
    printer_id text not null references printers (id),
    organisation_id text not null references organisations (id),
    created_by text not null references accounts (id),
    material text not null,
    quality text not null,
    exposure_limit_s double precision,
    outage_limit_s double precision,
    state bigint not null,
    slice_id text references slices (id),
    session_id text,
    certificate_id text,
    failure text,
    created_at bigint not null,
    started_at bigint,
    ended_at bigint
);

create index jobs_by_state on jobs (state);
create index jobs_by_organisation on jobs (organisation_id);
create index jobs_by_owner on jobs (owner_id);
