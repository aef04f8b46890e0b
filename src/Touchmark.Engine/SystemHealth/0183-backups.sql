-- Backups that somebody says were made: the engine makes none, and tells how long ago the last one was.
create table backups (
    id text primary key,
    made_at bigint not null,
    note text not null,
    recorded_by text not null references accounts (id)
);

create index backups_by_time on backups (made_at);
