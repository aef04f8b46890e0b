-- Forms that were sent and done, or are being done: key is a hash of who sent which one with what in it, location where its answer led; null while it is being done.
create table sent_forms (
    key text primary key,
    at bigint not null,
    location text
);

create index sent_forms_by_at on sent_forms (at);
