-- When the printer's gateway connected or went last; null when it never did.
alter table printers add column seen_at bigint;

-- What was measured of a printer's homing and heating by its prints, beside its enrolled behaviour.
create table print_behaviour (
    job_id text not null references jobs (id),
    printer_id text not null references printers (id),
    what text not null,
    found double precision not null,
    enrolled double precision not null,
    tolerance double precision not null,
    unit text not null,
    measured_at bigint not null,
    primary key (job_id, what)
);

create index print_behaviour_by_printer on print_behaviour (printer_id, measured_at);

-- Notes about a printer. They are added, never changed.
create table printer_notes (
    id text primary key,
    printer_id text not null references printers (id),
    made_by text not null references accounts (id),
    made_at bigint not null,
    words text not null
);

create index printer_notes_by_printer on printer_notes (printer_id, id);
