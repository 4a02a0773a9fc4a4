-- Downgrade of an Anchore Engine database from version 0.0.5 to 0.0.4.
--
-- Keeps every row. Loses the annotations of the images.
--
-- loses: column catalog_image.annotations

ALTER TABLE catalog_image DROP COLUMN annotations;
