-- What bundles are looked for by. Made from the manifest, and can be made anew.
create table bundles (
    bundle_id text primary key,
    log_index bigint not null unique,
    job_id text not null unique,
    gcode_sha256 text not null,
    signed_at bigint not null,
    degraded bigint not null,
    slicer_level text not null,
    slicer text,
    twin_id text,
    material text,
    operator text
);

create index bundles_gcode on bundles (gcode_sha256, log_index);
create index bundles_signed on bundles (signed_at);
create index bundles_twin on bundles (twin_id, log_index);
