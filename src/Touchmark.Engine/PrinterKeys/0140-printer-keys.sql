-- Versions of the key that a printer's files are sealed under (PSEK), each under the engine's master key. A printer that was enrolled before there were any gets its first when it is asked for.
create table printer_keys (
    printer_id text not null references printers (id),
    version bigint not null,
    wrapped {blob} not null,
    made_at bigint not null,
    revoked_at bigint,
    primary key (printer_id, version)
);
