-- Upgrade of an Anchore Engine database from version 0.0.8 to 0.0.9.
--
-- New: columns image_npms.seq_id and image_gems.seq_id, which number the rows as they lie in the table,
-- each with its sequence and an index; indexes on image_cpes and feed_data_cpe_vulnerabilities.
-- Column image_packages.origin loses its limit of 512 characters.
-- Kept: everything else.

-- Owned by no column: so the engine makes them.
CREATE SEQUENCE image_npms_seq_id_seq;

CREATE SEQUENCE image_gems_seq_id_seq;

-- A default that differs from row to row writes the table once, in its order, and numbers it on the way.
ALTER TABLE image_npms ADD COLUMN seq_id integer DEFAULT nextval('image_npms_seq_id_seq');

CREATE INDEX idx_npm_seq ON image_npms (seq_id);

ALTER TABLE image_gems ADD COLUMN seq_id integer DEFAULT nextval('image_gems_seq_id_seq');

CREATE INDEX idx_gem_seq ON image_gems (seq_id);

-- Writes no row: every old value is a value of the new type.
ALTER TABLE image_packages ALTER COLUMN origin TYPE varchar;

CREATE INDEX ix_image_cpe_user_img ON image_cpes (image_id, image_user_id);

CREATE INDEX ix_feed_data_cpe_vulnerabilities_name_version ON feed_data_cpe_vulnerabilities (name, version);
