-- What the log has committed itself to: one row, replaced by compare and swap. size counts leaves; checkpoint is the signed note.
create table log_head (
    id bigint primary key check (id = 1),
    size bigint not null,
    root {blob} not null,
    checkpoint {blob} not null
);

-- Every statement, put here in the transaction that makes it. Until it is in the log it has its envelope and no index; from then on its index, and the log has the envelope.
create table log_entries (
    sha256 {blob} primary key,
    made_at bigint not null,
    envelope {blob},
    log_index bigint unique
);

create index log_entries_waiting on log_entries (made_at) where log_index is null;
