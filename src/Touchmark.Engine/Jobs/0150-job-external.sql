-- What a marketplace knows the design of a job by: an ExternalLicence as JSON.
alter table jobs add column external text;
