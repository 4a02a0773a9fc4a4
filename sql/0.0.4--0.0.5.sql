-- Upgrade of an Anchore Engine database from version 0.0.4 to 0.0.5.
--
-- New: column catalog_image.annotations, without values.
-- Kept: everything.

ALTER TABLE catalog_image ADD COLUMN annotations varchar;
