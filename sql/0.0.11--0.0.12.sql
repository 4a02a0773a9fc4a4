-- Upgrade of an Anchore Engine database from version 0.0.11 to 0.0.12.
--
-- New: index ix_type on events(type); image_packages.size holds more than 2 GB.
-- Kept: everything. Nothing is lost.

CREATE INDEX ix_type ON events (type);

-- Rewrites the table and its indexes once. No foreign key leads over this column, so none is checked again.
ALTER TABLE image_packages ALTER COLUMN size TYPE bigint;
