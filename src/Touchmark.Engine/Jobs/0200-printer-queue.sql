-- The order of the jobs that wait for one printer. priority is JobPriority.
alter table jobs add column priority bigint not null default 0;

-- A bed that was printed on since somebody said that it is clear: from the first segment of a print, or from the key of a sealed file. bed_check is false where the printer clears it by itself.
alter table printers add column bed_check boolean not null default true;
alter table printers add column bed_used_at bigint;
alter table printers add column bed_cleared_at bigint;
