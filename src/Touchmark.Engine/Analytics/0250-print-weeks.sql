-- What is counted of prints, kept beside them, so that a look at a year does not go through all of its jobs. A job is counted in the transaction that ends it (PrintCounts).

-- What a job that ended counts as, and for whom: for the owner of its design, for the shop that printed it, and for those who see everything, whose organisation is the empty text.
-- A print that was refused has sent nothing. One that nobody wanted any more before it began has no outcome. Weeks begin on Monday, UTC, and are numbered from 5 January 1970.
create view job_outcomes as
select id, owner_id, organisation_id, design_id, printer_id, ended_at, (ended_at - 345600000000) / 604800000000 as week,
    case when state = 6 then 'printed' when state = 7 and started_at is null then 'refused' when state = 7 then 'failed' when started_at is not null then 'stopped' end as outcome,
    case when state = 7 then coalesce(failure_code, 'NOT_RECORDED') else '' end as code
from jobs where state >= 6;

create view counted_jobs as
select id, 'all' as side, '' as whose, organisation_id, design_id, printer_id, ended_at, week, outcome, code from job_outcomes
union all
select id, 'owner', owner_id, organisation_id, design_id, printer_id, ended_at, week, outcome, code from job_outcomes
union all
select id, 'shop', organisation_id, organisation_id, design_id, printer_id, ended_at, week, outcome, code from job_outcomes;

-- An owner is told of designs and shops, a shop of designs and printers.
create view counted_names as
select id, side, whose, 'design' as kind, design_id as named, ended_at, outcome from counted_jobs
union all
select id, side, whose, 'shop', organisation_id, ended_at, outcome from counted_jobs where side <> 'shop'
union all
select id, side, whose, 'printer', printer_id, ended_at, outcome from counted_jobs where side <> 'owner';

-- The weeks: how often each outcome came, what failed or was refused by its code; and how often each alert was raised.
create table print_weeks (
    side text not null,
    whose text not null,
    week bigint not null,
    outcome text not null,
    code text not null,
    count bigint not null,
    primary key (side, whose, week, outcome, code)
);

insert into print_weeks (side, whose, week, outcome, code, count)
select side, whose, week, outcome, code, count(*) from counted_jobs where outcome is not null group by side, whose, week, outcome, code;

insert into print_weeks (side, whose, week, outcome, code, count)
select side, whose, week, 'alert', code, sum(raised) from (
    select 'all' as side, '' as whose, (ended_at - 345600000000) / 604800000000 as week, code, raised from print_alerts
    union all
    select 'owner', owner_id, (ended_at - 345600000000) / 604800000000, code, raised from print_alerts
    union all
    select 'shop', organisation_id, (ended_at - 345600000000) / 604800000000, code, raised from print_alerts
) as alerts
group by side, whose, week, code;

drop table print_alerts;

-- The designs, shops and printers: counted from the first week of the page's half year on. That week goes forward each Monday, and what lies before it is taken off. A row for each name and week would be
-- nearly as many rows as there are prints.
create table print_names_since (week bigint not null);

insert into print_names_since (week) select coalesce(max(ended_at) - 345600000000, 0) / 604800000000 - 25 from jobs where state >= 6;

create table print_names (
    side text not null,
    whose text not null,
    kind text not null,
    named text not null,
    printed bigint not null,
    failed bigint not null,
    stopped bigint not null,
    refused bigint not null,
    ended bigint not null,
    primary key (side, whose, kind, named)
);

insert into print_names (side, whose, kind, named, printed, failed, stopped, refused, ended)
select side, whose, kind, named, count(case when outcome = 'printed' then 1 end), count(case when outcome = 'failed' then 1 end), count(case when outcome = 'stopped' then 1 end),
    count(case when outcome = 'refused' then 1 end), count(*)
from counted_names where ended_at >= (select week from print_names_since) * 604800000000 + 345600000000 group by side, whose, kind, named;

create index print_names_by_ended on print_names (side, whose, kind, ended desc, named);
