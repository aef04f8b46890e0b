create table design_pictures (
    design_id text primary key references designs (id),
    sealed {blob} not null
);
