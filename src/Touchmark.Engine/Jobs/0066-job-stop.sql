-- Orders to whichever node runs the job, see StopOrders. halt_requested is HaltReason.
alter table jobs add column cancel_requested_at bigint;
alter table jobs add column halt_requested bigint;
