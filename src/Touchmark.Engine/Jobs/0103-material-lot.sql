alter table jobs add column material_lot text;
