-- A row for each print that was completed: what it is, what made it, and where its chain of custody stands (CustodyState), so that an event is judged without reading those before it.
create table parts (
    id text primary key,
    certificate_id text not null unique references certificates (id),
    design_id text not null references designs (id),
    licence_id text not null references licences (id),
    printer_id text not null references printers (id),
    job_id text not null references jobs (id),
    owner_id text not null references organisations (id),
    organisation_id text not null references organisations (id),
    material text not null,
    material_key text not null,
    material_lot text,
    started_at bigint not null,
    made_at bigint not null,
    events bigint not null,
    head {blob} not null,
    last_at bigint not null,
    holder text,
    offered_to text,
    installed_into text,
    is_recalled boolean not null,
    is_scrapped boolean not null
);

create index parts_by_time on parts (made_at, id);
create index parts_by_design on parts (design_id, made_at, id);
create index parts_by_licence on parts (licence_id, made_at, id);
create index parts_by_printer on parts (printer_id, made_at, id);
create index parts_by_material on parts (material_key, made_at, id);
create index parts_by_lot on parts (material_lot, made_at, id);
create index parts_by_owner on parts (owner_id, made_at, id);
create index parts_by_organisation on parts (organisation_id, made_at, id);
