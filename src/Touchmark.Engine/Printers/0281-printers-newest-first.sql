-- A page of an organisation's printers, newest first, is read from the index and not sorted.
drop index printers_by_organisation;
create index printers_by_organisation on printers (organisation_id, id);
