-- Downgrade of an Anchore Engine database from version 0.0.12 to 0.0.11.
--
-- Keeps every row. Package sizes that do not fit into 32 bits become NULL, as for a package of unknown size; they
-- are counted and named.
--
-- loses: column image_packages.size where size NOT BETWEEN -2147483648 AND 2147483647

DROP INDEX ix_type;

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
