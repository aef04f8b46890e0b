-- What is in the manifest, found from here. The manifest alone is the truth: these rows are made from it, and can be made anew.
create table manifest_entries (
    log_index bigint primary key,
    sha256 {blob} not null unique,
    content_type text not null,
    subject text not null,
    issuer text not null,
    issued_at bigint,
    -- Of bundles alone.
    machine_counter bigint unique,
    envelope {blob} not null
);

create index manifest_entries_type on manifest_entries (content_type, log_index);
create index manifest_entries_subject on manifest_entries (subject, log_index);
