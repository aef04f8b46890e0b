-- worked_to is the id of the last part into whose chain the recall was entered, or that had no chain yet; finished_at is set when there are no more.
create table recalls (
    id text primary key,
    organisation_id text not null references organisations (id),
    made_at bigint not null,
    design_id text references designs (id),
    licence_id text references licences (id),
    printer_id text references printers (id),
    printed_from bigint,
    printed_to bigint,
    material_key text,
    sha256 {blob} not null,
    statement {blob} not null,
    worked_to text not null,
    finished_at bigint
);

-- The recalls that a part's chain names.
create table part_recalls (
    part_id text not null references parts (id),
    recall_id text not null references recalls (id),
    primary key (part_id, recall_id)
);
