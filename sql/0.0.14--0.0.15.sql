-- Upgrade of an Anchore Engine database from version 0.0.14 to 0.0.15.
--
-- New: tables grype_db_feed_metadata and image_vulnerabilities_reports, both empty.
-- Kept: everything. Nothing is lost.

CREATE TABLE grype_db_feed_metadata (
    archive_checksum varchar NOT NULL,
    db_checksum      varchar,
    schema_version   varchar NOT NULL,
    object_url       varchar NOT NULL,
    active           boolean NOT NULL,
    built_at         timestamp NOT NULL,
    created_at       timestamp NOT NULL,
    last_updated     timestamp NOT NULL,
    synced_at        timestamp,
    groups           jsonb,
    PRIMARY KEY (archive_checksum)
);
CREATE INDEX ix_grype_db_feed_metadata_db_checksum ON grype_db_feed_metadata (db_checksum);

CREATE TABLE image_vulnerabilities_reports (
    account_id    varchar NOT NULL,
    image_digest  varchar NOT NULL,
    report_key    varchar,
    generated_at  timestamp,
    result        jsonb,
    created_at    timestamp,
    last_modified timestamp,
    PRIMARY KEY (account_id, image_digest)
);
CREATE INDEX ix_image_vulnerabilities_reports_generated_at ON image_vulnerabilities_reports (generated_at);
CREATE INDEX ix_image_vulnerabilities_reports_report_key ON image_vulnerabilities_reports (report_key);
