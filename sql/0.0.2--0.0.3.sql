-- Upgrade of an Anchore Engine database from version 0.0.2 to 0.0.3.
--
-- New: images.size and feed_data_gem_packages.id may hold more than 32 bits.
-- Kept: every row and every value. Both tables are written anew.

ALTER TABLE images ALTER COLUMN size TYPE bigint;

ALTER TABLE feed_data_gem_packages ALTER COLUMN id TYPE bigint;
