create index jobs_by_design on jobs (design_id);
create index jobs_by_licence on jobs (licence_id);
create index jobs_by_printer on jobs (printer_id);
