-- A page of an organisation's designs, newest first, is read from the index and not sorted.
drop index designs_by_organisation;
create index designs_by_organisation on designs (organisation_id, id);
