-- Whether the printer reported, when the print ended, that it is at rest: heaters off, the head off the part. Null where nothing was printed, or from before this was kept.
alter table jobs add column at_rest boolean;
