create table designs (
    id text primary key,
    organisation_id text not null references organisations (id),
    created_by text not null references accounts (id),
    name text not null,
    description text not null,
    format bigint not null,
    bytes bigint not null,
    sha256 {blob} not null,
    facets bigint not null,
    size_x_mm double precision not null,
    size_y_mm double precision not null,
    size_z_mm double precision not null,
    volume_mm3 double precision not null,
    wrapped_key {blob} not null,
    created_at bigint not null
);

create index designs_by_organisation on designs (organisation_id);
