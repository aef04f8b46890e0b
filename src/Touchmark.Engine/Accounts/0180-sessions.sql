-- Where and with what somebody signed in, and when they were last there: so that they see what is not theirs, and end it.
alter table tokens add column place text not null default '';
alter table tokens add column client text not null default '';
alter table tokens add column used_at bigint;
create index tokens_by_account on tokens (account_id);

-- 1: an admin knows it. Whoever signs in with it chooses another one before anything else.
alter table accounts add column password_temporary bigint not null default 0;
