create table engine_keys (
    purpose text primary key,
    public_key {blob} not null,
    wrapped {blob} not null,
    created_at bigint not null
);

-- The keys that seal antiforgery tokens, shared by all nodes.
create table page_keys (
    id text primary key,
    wrapped {blob} not null
);
