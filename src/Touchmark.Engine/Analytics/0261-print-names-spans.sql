-- Names are counted for every number of weeks that is offered (PrintAnalytics.Spans), not for half a year alone: each span by itself, from its first week on, which goes forward each Monday.
drop table print_names;

drop table print_names_since;

create table print_spans (
    weeks bigint primary key,
    since bigint not null
);

insert into print_spans (weeks, since)
select spans.weeks, coalesce((select max(ended_at) - 345600000000 from jobs where state >= 6), 0) / 604800000000 - spans.weeks + 1
from (select 4 as weeks union all select 13 union all select 26 union all select 52 union all select 104) as spans;

create table print_names (
    weeks bigint not null,
    side text not null,
    whose text not null,
    kind text not null,
    named text not null,
    printed bigint not null,
    failed bigint not null,
    stopped bigint not null,
    refused bigint not null,
    ended bigint not null,
    primary key (weeks, side, whose, kind, named)
);

insert into print_names (weeks, side, whose, kind, named, printed, failed, stopped, refused, ended)
select print_spans.weeks, side, whose, kind, named, sum(printed), sum(failed), sum(stopped), sum(refused), sum(ended)
from (
    select side, whose, kind, named, (ended_at - 345600000000) / 604800000000 as week, count(case when outcome = 'printed' then 1 end) as printed, count(case when outcome = 'failed' then 1 end) as failed,
        count(case when outcome = 'stopped' then 1 end) as stopped, count(case when outcome = 'refused' then 1 end) as refused, count(*) as ended
    from counted_names group by side, whose, kind, named, (ended_at - 345600000000) / 604800000000
) as by_week join print_spans on by_week.week >= print_spans.since
group by print_spans.weeks, side, whose, kind, named;

create index print_names_by_ended on print_names (weeks, side, whose, kind, ended desc, named);
