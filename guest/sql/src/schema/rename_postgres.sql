-- From version 1 of the tables in PostgreSQL to version 3: the prefix, and the columns that the first tables of that
-- version lack.

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
ALTER TABLE tenant RENAME TO scimlet_tenant;
ALTER TABLE setting RENAME TO scimlet_setting;
ALTER SEQUENCE entry_seq RENAME TO scimlet_entry_seq;
ALTER INDEX entry_order RENAME TO scimlet_entry_order;
ALTER INDEX term_seq RENAME TO scimlet_term_seq;
ALTER INDEX term_unique RENAME TO scimlet_term_unique;
ALTER INDEX IF EXISTS term_trigram RENAME TO scimlet_term_trigram;
ALTER INDEX link_target RENAME TO scimlet_link_target;
ALTER INDEX event_subject RENAME TO scimlet_event_subject;
ALTER TABLE scimlet_entry ADD COLUMN IF NOT EXISTS digest BIGINT;
ALTER TABLE scimlet_entry ADD COLUMN IF NOT EXISTS digest_version BIGINT;
UPDATE schema_version SET version = 3;
