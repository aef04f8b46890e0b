-- A GTIN belongs to the organisation that first gave it to a design. A design's GTINs are kept in order: what was printed while one was in force keeps it, whatever comes later.
create table gtins (
    gtin text primary key,
    organisation_id text not null references organisations (id)
);

create table design_gtins (
    design_id text not null references designs (id),
    number bigint not null,
    gtin text not null references gtins (gtin),
    set_at bigint not null,
    primary key (design_id, number)
);

create index design_gtins_by_gtin on design_gtins (gtin);
