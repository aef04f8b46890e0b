-- Every enrolment of a printer: the first one, those that its gateway presented later, and what became of them. state is EnrolmentState.
create table printer_enrolments (
    id text primary key,
    printer_id text not null references printers (id),
    state bigint not null,
    profile {blob} not null,
    differences text not null,
    presented_at bigint not null,
    decided_by text references accounts (id),
    decided_at bigint,
    statement {blob}
);

create index printer_enrolments_by_printer on printer_enrolments (printer_id, presented_at);

create unique index printer_enrolments_pending on printer_enrolments (printer_id) where state = 1;

insert into printer_enrolments (id, printer_id, state, profile, differences, presented_at, decided_at, statement)
select id, id, 2, profile, '', enrolled_at, enrolled_at, statement from printers;
