-- Known builds of slicers and their files, from the signed manifests. Made from the vault's manifest, and can be made anew.
create table slicer_builds (
    manifest_sha256 {blob} primary key,
    log_index bigint not null,
    slicer text not null,
    version text not null,
    platform text not null,
    publisher text not null,
    signed_by text not null,
    made_at bigint not null
);

create table slicer_files (
    manifest_sha256 {blob} not null,
    path text not null,
    bytes bigint not null,
    sha256 {blob} not null,
    primary key (manifest_sha256, path)
);

create index slicer_files_sha256 on slicer_files (sha256);
create index slicer_files_bytes on slicer_files (bytes);
