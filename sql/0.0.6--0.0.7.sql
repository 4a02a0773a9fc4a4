-- Upgrade of an Anchore Engine database from version 0.0.6 to 0.0.7.
--
-- New: tables events, image_cpes, feed_data_nvd_vulnerabilities and feed_data_cpe_vulnerabilities,
-- all empty; columns catalog_image.analyzed_at and catalog_image_docker.tag_detected_at, with values.
-- Kept: everything else. Table eventlog has no use from 0.0.7 on and goes if it is empty. Its rows are
-- the operator's: with rows it stays, and so it does if a view or something else depends on it.

CREATE TABLE events (
    generated_uuid     varchar NOT NULL,
    created_at         timestamp,
    resource_user_id   varchar,
    resource_id        varchar,
    resource_type      varchar,
    source_servicename varchar,
    source_base_url    varchar,
    source_hostid      varchar,
    source_request_id  varchar,
    type               varchar,
    level              varchar,
    message            varchar,
    details            text,
    "timestamp"        timestamp,
    PRIMARY KEY (generated_uuid)
);
CREATE INDEX ix_level ON events (level);
CREATE INDEX ix_resource_id ON events (resource_id);
CREATE INDEX ix_resource_type ON events (resource_type);
CREATE INDEX ix_resource_user_id ON events (resource_user_id);
CREATE INDEX ix_source_hostid ON events (source_hostid);
CREATE INDEX ix_source_servicename ON events (source_servicename);
CREATE INDEX ix_timestamp ON events ("timestamp" DESC);

CREATE TABLE image_cpes (
    image_user_id varchar(64) NOT NULL,
    image_id      varchar(80) NOT NULL,
    pkg_type      varchar(32) NOT NULL,
    pkg_path      varchar(512) NOT NULL,
    cpetype       varchar(255) NOT NULL,
    vendor        varchar(255) NOT NULL,
    name          varchar(255) NOT NULL,
    version       varchar(128) NOT NULL,
    update        varchar(128) NOT NULL,
    meta          varchar(255) NOT NULL,
    PRIMARY KEY (image_user_id, image_id, pkg_type, pkg_path, cpetype, vendor, name, version, update, meta),
    CONSTRAINT image_cpes_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id) REFERENCES images(id, user_id)
);

CREATE TABLE feed_data_nvd_vulnerabilities (
    name                     varchar(128) NOT NULL,
    namespace_name           varchar(64) NOT NULL,
    severity                 vulnerability_severities NOT NULL,
    vulnerable_configuration text,
    vulnerable_software      text,
    summary                  varchar,
    cvss                     text,
    created_at               timestamp,
    updated_at               timestamp,
    PRIMARY KEY (name, namespace_name, severity)
);

CREATE TABLE feed_data_cpe_vulnerabilities (
    feed_name        varchar(64) NOT NULL,
    namespace_name   varchar(64) NOT NULL,
    vulnerability_id varchar(128) NOT NULL,
    severity         vulnerability_severities NOT NULL,
    cpetype          varchar(255) NOT NULL,
    vendor           varchar(255) NOT NULL,
    name             varchar(255) NOT NULL,
    version          varchar(128) NOT NULL,
    update           varchar(128) NOT NULL,
    meta             varchar(255) NOT NULL,
    link             varchar(1024),
    created_at       timestamp,
    updated_at       timestamp,
    PRIMARY KEY (feed_name, namespace_name, vulnerability_id, severity, cpetype, vendor, name, version, update, meta),
    CONSTRAINT feed_data_cpe_vulnerabilities_vulnerability_id_namespace_n_fkey
        FOREIGN KEY (vulnerability_id, namespace_name, severity)
        REFERENCES feed_data_nvd_vulnerabilities(name, namespace_name, severity)
);

ALTER TABLE catalog_image ADD COLUMN analyzed_at integer;

-- The engine knows no better time for images that it analysed before this version.
UPDATE catalog_image SET analyzed_at = last_updated WHERE analysis_status = 'analyzed';

ALTER TABLE catalog_image_docker ADD COLUMN tag_detected_at integer;

UPDATE catalog_image_docker SET tag_detected_at = created_at;

-- Drops table eventlog if it is empty.
DO $$
DECLARE
    n    bigint;
    what text;
BEGIN
    -- Before the rows are counted, so that none comes in between.
    LOCK TABLE eventlog IN ACCESS EXCLUSIVE MODE;
    SELECT count(*) INTO n FROM eventlog;
    IF n > 0 THEN
        RAISE WARNING '% row(s) of table eventlog stay there, where 0.0.7 has no use for them', n;
    ELSE
        DROP TABLE eventlog;
    END IF;
EXCEPTION WHEN dependent_objects_still_exist THEN
    GET STACKED DIAGNOSTICS what = PG_EXCEPTION_DETAIL;
    RAISE WARNING 'table eventlog is empty and 0.0.7 has no use for it, but it stays: %', replace(what, E'\n', '; ');
END
$$;
