-- Upgrade of an Anchore Engine database from version 0.0.5 to 0.0.6.
--
-- New: tables archive_metadata, object_storage, leases, tasks and archive_migration_tasks, of which
-- only the first gets rows: one for each row of archive_document, where its content lies. Columns
-- of queue and queuemeta, empty; columns vendor_no_advisory (false in all old rows) and fix_metadata
-- of feed_data_vulnerabilities_fixed_artifacts.
-- Kept: everything, the rows of archive_document included.
-- Documents that the engine keeps outside the database (s3://, swift://, file://) have URLs that SQL
-- cannot know: they get no row.

CREATE TYPE task_states AS ENUM (
    'initializing', 'pending', 'running', 'complete', 'failed'
);

CREATE TABLE archive_metadata (
    bucket            varchar NOT NULL,
    "archiveId"       varchar NOT NULL,
    "userId"          varchar NOT NULL,
    "documentName"    varchar NOT NULL,
    content_url       varchar,
    is_compressed     boolean,
    digest            varchar,
    size              bigint,
    document_metadata varchar,
    created_at        integer,
    last_updated      integer,
    record_state_key  varchar,
    record_state_val  varchar,
    PRIMARY KEY (bucket, "archiveId", "userId", "documentName")
);

CREATE TABLE object_storage (
    "userId"        varchar NOT NULL,
    bucket          varchar NOT NULL,
    key             varchar NOT NULL,
    version         varchar NOT NULL,
    object_metadata varchar,
    content         bytea,
    created_at      integer,
    last_updated    integer,
    PRIMARY KEY ("userId", bucket, key, version)
);

CREATE TABLE leases (
    id         varchar NOT NULL,
    held_by    varchar,
    expires_at timestamp,
    epoch      bigint,
    PRIMARY KEY (id)
);

CREATE TABLE tasks (
    id           serial,
    state        task_states,
    last_state   task_states,
    created_at   timestamp,
    started_at   timestamp,
    ended_at     timestamp,
    last_updated timestamp,
    executor_id  varchar,
    type         varchar,
    PRIMARY KEY (id)
);

CREATE TABLE archive_migration_tasks (
    id                           integer NOT NULL,
    migrate_from_driver          varchar,
    migrate_to_driver            varchar,
    archive_documents_to_migrate integer,
    archive_documents_migrated   integer,
    online_migration             boolean,
    PRIMARY KEY (id),
    FOREIGN KEY (id) REFERENCES tasks(id)
);

-- The engine splits this URL at its slashes and unescapes nothing, so nothing is escaped.
INSERT INTO archive_metadata (bucket, "archiveId", "userId", "documentName", content_url, is_compressed,
    created_at, last_updated, record_state_key, record_state_val)
SELECT bucket, "archiveId", "userId", "documentName", 'db://' || "userId" || '/' || bucket || '/' || "archiveId", false,
    coalesce(created_at, extract(epoch FROM now())::integer),
    coalesce(last_updated, extract(epoch FROM now())::integer),
    coalesce(record_state_key, 'active'), record_state_val
FROM archive_document;

ALTER TABLE queue
    ADD COLUMN receipt_handle varchar,
    ADD COLUMN visible_at     timestamp;

ALTER TABLE queuemeta
    ADD COLUMN max_outstanding_messages integer,
    ADD COLUMN visibility_timeout       integer;

-- A default that exists only while the column is added fills the old rows without writing them;
-- PostgreSQL 10 writes the table once. Taking it away cannot be a part of the same statement.
ALTER TABLE feed_data_vulnerabilities_fixed_artifacts
    ADD COLUMN vendor_no_advisory boolean DEFAULT false,
    ADD COLUMN fix_metadata       text;

ALTER TABLE feed_data_vulnerabilities_fixed_artifacts ALTER COLUMN vendor_no_advisory DROP DEFAULT;
