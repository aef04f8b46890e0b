create table printer_prices (
    printer_id text primary key references printers (id),
    per_hour double precision not null,
    per_kg double precision not null,
    currency text not null
);
