create table certificates (
    id text primary key,
    job_id text not null unique references jobs (id),
    licence_id text not null references licences (id),
    owner_id text not null references organisations (id),
    organisation_id text not null references organisations (id),
    part text not null,
    printer text not null,
    result text not null,
    envelope {blob} not null,
    document {blob} not null,
    detached bigint not null,
    licence_statement {blob} not null,
    enrolment_statement {blob} not null,
    slice_statement {blob} not null,
    issued_at bigint not null
);

create index certificates_by_organisation on certificates (organisation_id);
create index certificates_by_owner on certificates (owner_id);
