-- Upgrade of an Anchore Engine database from version 0.0.9 to 0.0.10.
--
-- New: tables catalog_archived_images, catalog_archived_images_docker, catalog_archive_transition_rules
-- and catalog_archive_transition_history, all empty; column archive_document.b64_encoded, empty, which
-- means that no document is encoded; an index on feed_data_cpe_vulnerabilities.
-- Kept: everything.

CREATE TYPE archive_transitions AS ENUM (
    'archive', 'delete'
);

CREATE TYPE archive_transition_history_state AS ENUM (
    'pending', 'complete'
);

CREATE TABLE catalog_archived_images (
    account                   varchar NOT NULL,
    "imageDigest"             varchar NOT NULL,
    "parentDigest"            varchar,
    image_record_created_at   integer,
    image_record_last_updated integer,
    analyzed_at               integer,
    status                    varchar,
    annotations               json,
    manifest_bucket           varchar,
    manifest_key              varchar,
    archive_size_bytes        bigint,
    created_at                integer,
    last_updated              integer,
    record_state_key          varchar,
    record_state_val          varchar,
    PRIMARY KEY (account, "imageDigest")
);

CREATE TABLE catalog_archived_images_docker (
    account          varchar NOT NULL,
    "imageDigest"    varchar NOT NULL,
    registry         varchar NOT NULL,
    repository       varchar NOT NULL,
    tag              varchar NOT NULL,
    "imageId"        varchar,
    created_at       integer,
    last_updated     integer,
    tag_detected_at  integer,
    record_state_key varchar,
    record_state_val varchar,
    PRIMARY KEY (account, "imageDigest", registry, repository, tag)
);

CREATE TABLE catalog_archive_transition_rules (
    account             varchar NOT NULL,
    rule_id             varchar NOT NULL,
    transition          archive_transitions,
    selector_registry   varchar,
    selector_repository varchar,
    selector_tag        varchar,
    tag_versions_newer  integer,
    analysis_age_days   integer,
    system_global       boolean,
    created_at          integer,
    last_updated        integer,
    PRIMARY KEY (account, rule_id)
);

CREATE TABLE catalog_archive_transition_history (
    transition_task_id varchar NOT NULL,
    account            varchar NOT NULL,
    rule_id            varchar NOT NULL,
    image_digest       varchar NOT NULL,
    transition         archive_transitions NOT NULL,
    transition_state   archive_transition_history_state,
    created_at         integer,
    last_updated       integer,
    PRIMARY KEY (transition_task_id, account, rule_id, image_digest, transition)
);

ALTER TABLE archive_document ADD COLUMN b64_encoded boolean;

CREATE INDEX ix_feed_data_cpe_vulnerabilities_fk
    ON feed_data_cpe_vulnerabilities (vulnerability_id, namespace_name, severity);
