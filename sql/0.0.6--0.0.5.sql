-- Downgrade of an Anchore Engine database from version 0.0.6 to 0.0.5.
--
-- Keeps every row of every table that 0.0.5 knows, rows written under 0.0.6 included.
-- Loses the rows of the five tables that 0.0.5 does not know, and six columns. A row of archive_metadata
-- whose document is in table archive_document comes back with the upgrade; one whose content lies
-- elsewhere, in table object_storage or outside the database, does not, and 0.0.5 cannot find that
-- content: such rows are named.
--
-- loses: table archive_metadata
-- loses: table object_storage
-- loses: table leases
-- loses: table tasks
-- loses: table archive_migration_tasks
-- loses: column queue.receipt_handle
-- loses: column queue.visible_at
-- loses: column queuemeta.max_outstanding_messages
-- loses: column queuemeta.visibility_timeout
-- loses: column feed_data_vulnerabilities_fixed_artifacts.vendor_no_advisory
-- recomputes: column feed_data_vulnerabilities_fixed_artifacts.vendor_no_advisory as false
-- loses: column feed_data_vulnerabilities_fixed_artifacts.fix_metadata

-- Names the rows whose content lies elsewhere.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    SELECT count(*), string_agg(key, '; ' ORDER BY nr) FILTER (WHERE nr <= 20) INTO n, keys
    FROM (
        SELECT left(concat_ws('/', m.bucket, m."archiveId", m."userId", m."documentName"), 300)
                || ' (' || coalesce(left(m.content_url, 300), 'no URL') || ')' AS key,
            row_number() OVER (ORDER BY m.bucket, m."archiveId", m."userId", m."documentName") AS nr
        FROM archive_metadata m
        WHERE NOT EXISTS (
            SELECT FROM archive_document d
            WHERE d.bucket = m.bucket AND d."archiveId" = m."archiveId" AND d."userId" = m."userId"
              AND d."documentName" = m."documentName")
    ) elsewhere;
    IF n > 20 THEN
        keys := keys || ' and ' || n - 20 || ' more';
    END IF;
    IF n > 0 THEN
        RAISE WARNING '% row(s) of archive_metadata whose content is not in archive_document are lost: %', n, keys;
    END IF;
END
$$;

-- One statement, for a foreign key leads from the last table to the fourth. Without CASCADE: what an
-- operator has built on these tables stops the downgrade instead of vanishing.
DROP TABLE archive_metadata, object_storage, leases, tasks, archive_migration_tasks;

DROP TYPE task_states;

ALTER TABLE queue
    DROP COLUMN receipt_handle,
    DROP COLUMN visible_at;

ALTER TABLE queuemeta
    DROP COLUMN max_outstanding_messages,
    DROP COLUMN visibility_timeout;

ALTER TABLE feed_data_vulnerabilities_fixed_artifacts
    DROP COLUMN vendor_no_advisory,
    DROP COLUMN fix_metadata;
