-- When somebody asked to pause the print; null while it goes on. See StopOrders.
alter table jobs add column pause_requested_at bigint;
