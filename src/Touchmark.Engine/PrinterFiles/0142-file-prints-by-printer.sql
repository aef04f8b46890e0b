create index file_prints_by_printer on file_prints (printer_id, began_at);
