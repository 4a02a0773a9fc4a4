-- Downgrade of an Anchore Engine database from version 0.0.12 to 0.0.11.
--
-- Keeps every row. Package sizes that do not fit into 32 bits become NULL, as for a package of unknown size; they
-- are counted and named.
--
-- loses: column image_packages.size where size NOT BETWEEN -2147483648 AND 2147483647

-- Drops the index on events(type). By what it indexes: its name differs if somebody made it again by hand. Of several
-- equal ones the others are the operator's.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT i.indexrelid::regclass AS name
        FROM pg_index i
        WHERE i.indrelid = 'events'::regclass
          AND pg_get_indexdef(i.indexrelid) LIKE 'CREATE INDEX % USING btree (type)'
        ORDER BY i.indexrelid::regclass::text <> 'ix_type', i.indexrelid
        LIMIT 1
    LOOP
        EXECUTE format('DROP INDEX %s', one.name);
    END LOOP;
END $$;

-- Names the package sizes that become NULL.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    SELECT count(*) INTO n FROM image_packages WHERE size NOT BETWEEN -2147483648 AND 2147483647;
    IF n > 0 THEN
        SELECT string_agg(key, '; ') INTO keys FROM (
            SELECT format('%s %s %s of image %s (size %s)', pkg_type, name, version, image_id, size) AS key
            FROM image_packages WHERE size NOT BETWEEN -2147483648 AND 2147483647 LIMIT 20) AS first_ones;
        IF n > 20 THEN
            keys := format('%s; and %s more', keys, n - 20);
        END IF;
        RAISE WARNING '% size(s) of image_packages do not fit into 32 bits and become NULL: %', n, keys;
    END IF;
END $$;

-- Rewrites the table and its indexes once. No foreign key leads over this column, so none is checked again.
ALTER TABLE image_packages ALTER COLUMN size TYPE integer
    USING CASE WHEN size BETWEEN -2147483648 AND 2147483647 THEN size::integer END;
