-- A page of an organisation's licences, newest first, is read from the index and not sorted.
drop index licences_by_organisation;
create index licences_by_organisation on licences (organisation_id, id);
