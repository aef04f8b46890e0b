-- A week's failures of one side are counted in the index alone (0203-newest-first.sql had it without the sides).
drop index jobs_failed;
create index jobs_failed on jobs (ended_at, owner_id, organisation_id) where state = 7;
