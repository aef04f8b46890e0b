-- Findings: signals of bundles that somebody has to look at, and what was decided. Made from the manifest, and can be made anew.
create table review_findings (
    bundle_id text not null,
    signal text not null,
    bundle_sha256 {blob} not null,
    log_index bigint not null,
    job_id text not null,
    score double precision not null,
    reason text not null,
    signed_at bigint not null,
    -- 0: open, 1: accepted, 2: rejected.
    state bigint not null,
    reviewer text,
    comment text,
    decided_at bigint,
    primary key (bundle_id, signal)
);

create index review_findings_state on review_findings (state, log_index);
create index review_findings_bundle on review_findings (bundle_sha256);

-- Features of a job's samples and toolpath, which no statement keeps: with them models can be trained anew. Not made from the manifest.
create table review_observations (
    log_index bigint primary key,
    observation {blob} not null
);

-- What was learned up to an entry of the manifest, so that a start need not learn all of it again.
create table review_models (
    id bigint primary key,
    log_index bigint not null,
    state {blob} not null
);
