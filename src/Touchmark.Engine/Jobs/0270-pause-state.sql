-- For nodes that do not run the session: whether the gateway knows how to hold a print (null: it was not asked), and how far a pause has come (JobPauseState). See StopOrders.
alter table jobs add column gateway_holds boolean;
alter table jobs add column pause_state bigint not null default 0;
