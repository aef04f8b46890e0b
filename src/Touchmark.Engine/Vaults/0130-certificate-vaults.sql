create table certificate_vaults (
    certificate_id text primary key references certificates (id),
    job_id text not null references jobs (id),
    printer_id text not null references printers (id),
    bundle {blob} not null,
    endorsement {blob},
    vault_certificate {blob},
    made_at bigint not null
);

create index certificate_vaults_by_printer on certificate_vaults (printer_id) where endorsement is null;
