-- Findings of the vaults' review, read from the bundles that certificates refer to, and what auditors made of them. The vault's manifest is what counts: statement is its signed decision.
create table vault_findings (
    bundle_id text not null,
    signal text not null,
    bundle_sha256 {blob} not null,
    certificate_id text not null references certificates (id),
    printer_id text not null references printers (id),
    score double precision not null,
    reason text not null,
    signed_at bigint not null,
    -- 0: open, 1: accepted, 2: rejected.
    state bigint not null,
    account_id text references accounts (id),
    comment text,
    decided_at bigint,
    statement {blob},
    primary key (bundle_id, signal)
);

create index vault_findings_by_time on vault_findings (signed_at);
