-- revocation_policy is RevocationPolicy. The defaults say what the grants of before said: nothing that was not granted then is granted now.
alter table licences add column revocation_policy bigint not null default 1;
alter table licences add column allow_script_store boolean not null default false;
alter table licences add column allow_no_dead_man boolean not null default false;
alter table licences add column max_slowdown_percent double precision not null default 0;
alter table licences add column max_temperature_trim_c double precision not null default 0;
