create table sessions (
    id text primary key,
    job_id text not null references jobs (id),
    wrapped_keys {blob} not null,
    state {blob} not null,
    transport text not null,
    saved_at bigint not null
);

create unique index sessions_by_job on sessions (job_id);
