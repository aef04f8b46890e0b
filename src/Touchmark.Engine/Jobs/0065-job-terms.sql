-- The terms of the licence that a print is made under, as they were when it was taken.
alter table jobs add column allow_script_store boolean not null default false;
alter table jobs add column allow_no_dead_man boolean not null default false;
alter table jobs add column max_slowdown_percent double precision not null default 0;
alter table jobs add column max_temperature_trim_c double precision not null default 0;
