-- The few jobs that have not come to an end, and those that failed, among all that ever were. Queries find these indexes by the same words: `state < 6`, `state = 7`.
create index jobs_unfinished on jobs (id) where state < 6;
create index jobs_failed on jobs (ended_at) where state = 7;
drop index jobs_by_state;

-- Lists are newest first, and ids grow with time: with the id in the index, a list is read and never sorted.
drop index jobs_by_organisation;
drop index jobs_by_owner;
drop index jobs_by_printer;
drop index jobs_by_licence;
drop index jobs_by_design;
create index jobs_by_organisation on jobs (organisation_id, id);
create index jobs_by_owner on jobs (owner_id, id);
create index jobs_by_printer on jobs (printer_id, id);
create index jobs_by_licence on jobs (licence_id, id);
create index jobs_by_design on jobs (design_id, id);
drop index certificates_by_organisation;
drop index certificates_by_owner;
create index certificates_by_organisation on certificates (organisation_id, id);
create index certificates_by_owner on certificates (owner_id, id);
