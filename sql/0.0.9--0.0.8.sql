-- Downgrade of an Anchore Engine database from version 0.0.9 to 0.0.8.
--
-- Keeps every row of every table, rows written under 0.0.9 included.
-- Loses what origins of packages have beyond 512 characters: they are cut there, and the packages named.
-- The numbers in seq_id say nothing but the order of rows: the upgrade gives new ones, which is no loss.
--
-- loses: column image_packages.origin where length(origin) > 512
-- loses: column image_npms.seq_id
-- recomputes: column image_npms.seq_id as seq_id
-- loses: column image_gems.seq_id
-- recomputes: column image_gems.seq_id as seq_id

-- Names the packages whose origin is cut.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    SELECT count(*), string_agg(key, '; ' ORDER BY nr) FILTER (WHERE nr <= 20) INTO n, keys
    FROM (
        SELECT concat_ws('/', image_user_id, image_id, name, version, pkg_type, arch, pkg_path)
                || ' (' || length(origin) || ' characters)' AS key,
            row_number() OVER (ORDER BY image_id, image_user_id, name, version, pkg_type, arch, pkg_path) AS nr
        FROM image_packages
        WHERE length(origin) > 512
    ) long;
    IF n > 20 THEN
        keys := keys || ' and ' || n - 20 || ' more';
    END IF;
    IF n > 0 THEN
        RAISE WARNING '% origin(s) in image_packages are cut to the 512 characters of 0.0.8: %', n, keys;
    END IF;
END
$$;

-- The cast cuts, so that one pass over the table is enough.
ALTER TABLE image_packages ALTER COLUMN origin TYPE varchar(512) USING origin::varchar(512);

-- Their indexes go with the columns.
ALTER TABLE image_npms DROP COLUMN seq_id;

ALTER TABLE image_gems DROP COLUMN seq_id;

DROP SEQUENCE image_npms_seq_id_seq, image_gems_seq_id_seq;

-- Drops the two indexes of 0.0.9. By what they index: their names differ if somebody made them again by
-- hand. Of several equal ones the others are the operator's.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT ON (engines.tab) i.indexrelid::regclass AS name
        FROM (VALUES ('image_cpes', '(image_id, image_user_id)', 'ix_image_cpe_user_img'),
                     ('feed_data_cpe_vulnerabilities', '(name, version)',
                      'ix_feed_data_cpe_vulnerabilities_name_version')) engines(tab, columns, name)
        JOIN pg_index i ON i.indrelid = engines.tab::regclass
            AND pg_get_indexdef(i.indexrelid) LIKE 'CREATE INDEX % USING btree ' || engines.columns
        ORDER BY engines.tab, i.indexrelid::regclass::text <> engines.name, i.indexrelid
    LOOP
        EXECUTE format('DROP INDEX %s', one.name);
    END LOOP;
END
$$;
