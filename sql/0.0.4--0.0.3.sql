-- Downgrade of an Anchore Engine database from version 0.0.4 to 0.0.3.
--
-- Keeps every row, and the Dockerfiles and image ids that the upgrade wrote into catalog_image_docker:
-- 0.0.3 has these columns too, and which of the values were there before the upgrade is not known.
-- Loses six columns. The upgrade reads them again from the analysis documents, where they are in this
-- database; they count as lost all the same, for a document may be gone or say something else by then.
--
-- loses: column catalog_image.arch
-- loses: column catalog_image.distro
-- loses: column catalog_image.distro_version
-- loses: column catalog_image.dockerfile_mode
-- loses: column catalog_image.image_size
-- loses: column catalog_image.layer_count

ALTER TABLE catalog_image
    DROP COLUMN arch,
    DROP COLUMN distro,
    DROP COLUMN distro_version,
    DROP COLUMN dockerfile_mode,
    DROP COLUMN image_size,
    DROP COLUMN layer_count;
