-- Why a job failed, to be counted; null for jobs of before there was this column.
alter table jobs add column failure_code text;

create index jobs_ended_by_owner on jobs (owner_id, ended_at);
create index jobs_ended_by_organisation on jobs (organisation_id, ended_at);
create index jobs_ended on jobs (ended_at);

-- The alerts of certificates, to be counted: how often one print raised one code.
create table print_alerts (
    certificate_id text not null references certificates (id),
    code text not null,
    owner_id text not null references organisations (id),
    organisation_id text not null references organisations (id),
    raised bigint not null,
    ended_at bigint not null,
    primary key (certificate_id, code)
);

create index print_alerts_by_owner on print_alerts (owner_id, ended_at);
create index print_alerts_by_organisation on print_alerts (organisation_id, ended_at);
create index print_alerts_by_end on print_alerts (ended_at);
