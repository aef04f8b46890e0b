-- By which pairing code a printer came, so that the page of a code shows that one. Null for a printer that came by a password, or before this was kept.
alter table pairing_codes add column id text;

alter table printers add column pairing_id text;

create unique index printers_by_pairing on printers (pairing_id);
