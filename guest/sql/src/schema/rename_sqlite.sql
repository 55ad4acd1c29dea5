-- From version 2 of the tables in SQLite to version 3: the prefix.

ALTER TABLE setting RENAME TO scimlet_setting;
ALTER TABLE tenant RENAME TO scimlet_tenant;
ALTER TABLE kind RENAME TO scimlet_kind;
ALTER TABLE entry RENAME TO scimlet_entry;
ALTER TABLE field RENAME TO scimlet_field;
ALTER TABLE term RENAME TO scimlet_term;
ALTER TABLE linkset RENAME TO scimlet_linkset;
ALTER TABLE link RENAME TO scimlet_link;
ALTER TABLE counter RENAME TO scimlet_counter;
ALTER TABLE event RENAME TO scimlet_event;
ALTER TABLE memo RENAME TO scimlet_memo;
ALTER TABLE sweep RENAME TO scimlet_sweep;
PRAGMA user_version = 3;
