-- Sealed files that were made, each with its content key under the engine's master key. made_by is null where the printer itself asked; external is an ExternalLicence as JSON.
create table sealed_files (
    id text primary key,
    printer_id text not null,
    key_version bigint not null,
    slice_id text not null references slices (id),
    licence_id text references licences (id),
    name text not null,
    external text,
    valid_until bigint,
    wrapped_key {blob} not null,
    made_by text references accounts (id),
    made_at bigint not null,
    foreign key (printer_id, key_version) references printer_keys (printer_id, version)
);

create index sealed_files_by_printer on sealed_files (printer_id, id);

-- Prints that the key of a file was released for; number is that of the licence's print, outcome is PrintOutcome.
create table file_prints (
    id text primary key,
    file_id text not null references sealed_files (id),
    printer_id text not null references printers (id),
    number bigint,
    releases bigint not null,
    began_at bigint not null,
    outcome bigint,
    ended_at bigint
);

create index file_prints_by_file on file_prints (file_id);
