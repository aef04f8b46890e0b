-- How far each twin is. Made from the manifest, and can be made anew.
create table twins (
    twin_id text primary key,
    draft_index bigint not null,
    made_at bigint not null,
    name text,
    bundle_index bigint,
    completion_index bigint
);

create index twins_draft on twins (draft_index);
