-- Downgrade of an Anchore Engine database from version 0.0.10 to 0.0.9.
--
-- Keeps every row of every table that 0.0.9 knows, rows written under 0.0.10 included.
-- Loses the rows of the four tables that 0.0.9 does not know, and the mark of documents that are base64.
-- 0.0.9 takes every document as it stands: a marked one is decoded where the result is text. One that
-- is not (the engine marks those that are not UTF-8) stays base64 without its mark, which no upgrade
-- gives back, and is named. Documents with the mark false need none.
--
-- loses: table catalog_archived_images
-- loses: table catalog_archived_images_docker
-- loses: table catalog_archive_transition_rules
-- loses: table catalog_archive_transition_history
-- loses: column archive_document.b64_encoded
-- recomputes: column archive_document.b64_encoded as CASE WHEN NOT b64_encoded OR coalesce(jsondata, '') = '' THEN b64_encoded END

CREATE FUNCTION pg_temp.decoded(encoded text, OUT words text, OUT reason text) LANGUAGE plpgsql AS $$
BEGIN
    words := convert_from(decode(encoded, 'base64'), 'UTF8');
EXCEPTION
    WHEN character_not_in_repertoire OR untranslatable_character THEN
        reason := 'not text';
    WHEN data_exception THEN
        reason := 'not base64';
END
$$;

-- Decodes the documents that are base64.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    WITH tried AS (
        SELECT bucket, "archiveId", "userId", "documentName", decoded.words, decoded.reason
        FROM archive_document, pg_temp.decoded(jsondata)
        WHERE b64_encoded AND jsondata IS NOT NULL
    ), done AS (
        UPDATE archive_document d SET jsondata = t.words
        FROM tried t
        WHERE t.reason IS NULL
          AND d.bucket = t.bucket AND d."archiveId" = t."archiveId" AND d."userId" = t."userId"
          AND d."documentName" = t."documentName"
    )
    SELECT count(*), string_agg(key, '; ' ORDER BY nr) FILTER (WHERE nr <= 20) INTO n, keys
    FROM (
        SELECT left(concat_ws('/', bucket, "archiveId", "userId", "documentName"), 300)
                || ' (' || reason || ')' AS key,
            row_number() OVER (ORDER BY bucket, "archiveId", "userId", "documentName") AS nr
        FROM tried
        WHERE reason IS NOT NULL
    ) failed;
    IF n > 20 THEN
        keys := keys || ' and ' || n - 20 || ' more';
    END IF;
    IF n > 0 THEN
        RAISE WARNING '% document(s) of archive_document stay base64, which 0.0.9 takes for their text: %', n, keys;
    END IF;
END
$$;

DROP FUNCTION pg_temp.decoded(text);

ALTER TABLE archive_document DROP COLUMN b64_encoded;

-- Without CASCADE: what an operator has built on these tables stops the downgrade instead of vanishing.
DROP TABLE catalog_archived_images, catalog_archived_images_docker, catalog_archive_transition_rules,
    catalog_archive_transition_history;

DROP TYPE archive_transitions, archive_transition_history_state;

-- Drops the index on feed_data_cpe_vulnerabilities. By what it indexes: its name differs if somebody made
-- it again by hand. Of several equal ones the others are the operator's.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT i.indexrelid::regclass AS name
        FROM pg_index i
        WHERE i.indrelid = 'feed_data_cpe_vulnerabilities'::regclass
          AND pg_get_indexdef(i.indexrelid)
              LIKE 'CREATE INDEX % USING btree (vulnerability_id, namespace_name, severity)'
        ORDER BY i.indexrelid::regclass::text <> 'ix_feed_data_cpe_vulnerabilities_fk', i.indexrelid
        LIMIT 1
    LOOP
        EXECUTE format('DROP INDEX %s', one.name);
    END LOOP;
END
$$;
