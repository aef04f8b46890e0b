-- Whether the findings of a bundle were entered: those of before there was a table for them are read when an engine starts.
alter table certificate_vaults add column findings_read boolean not null default false;

create index certificate_vaults_unread on certificate_vaults (certificate_id) where findings_read = false;
