create index licences_by_design on licences (design_id);
