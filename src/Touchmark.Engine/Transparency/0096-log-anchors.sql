-- Checkpoints that were entered in the log as statements. turn counts periods since 1970: of several nodes one anchors in each.
create table log_anchors (
    turn bigint primary key,
    id text not null unique,
    made_at bigint not null,
    size bigint not null,
    root {blob} not null,
    stamped bigint not null,
    statement {blob} not null
);
