-- Downgrade of an Anchore Engine database from version 0.0.3 to 0.0.2.
--
-- Keeps every row. Both tables are written anew. A size or an id that needs more than 32 bits becomes
-- NULL; the operator is told whose. The id of a gem is not its key and may be NULL, so that the gem stays.
--
-- loses: column images.size where size NOT BETWEEN -2147483648 AND 2147483647
-- loses: column feed_data_gem_packages.id where id NOT BETWEEN -2147483648 AND 2147483647

-- Names the sizes and ids that become NULL.
DO $$
DECLARE
    n    bigint;
    keys text;
BEGIN
    SELECT count(*), string_agg(format('%s %s (%s)', user_id, id, size), '; ' ORDER BY nr) FILTER (WHERE nr <= 20)
        INTO n, keys
        FROM (SELECT user_id, id, size, row_number() OVER (ORDER BY user_id, id) AS nr
                  FROM images WHERE size NOT BETWEEN -2147483648 AND 2147483647) AS i;
    IF n > 0 THEN
        RAISE WARNING '% row(s) of images lose their size, which needs more than 32 bits: %', n,
            keys || CASE WHEN n > 20 THEN format(' and %s more', n - 20) ELSE '' END;
    END IF;

    SELECT count(*), string_agg(format('%s (%s)', name, id), '; ' ORDER BY nr) FILTER (WHERE nr <= 20)
        INTO n, keys
        FROM (SELECT name, id, row_number() OVER (ORDER BY name) AS nr
                  FROM feed_data_gem_packages WHERE id NOT BETWEEN -2147483648 AND 2147483647) AS g;
    IF n > 0 THEN
        RAISE WARNING '% row(s) of feed_data_gem_packages lose their id, which needs more than 32 bits: %', n,
            keys || CASE WHEN n > 20 THEN format(' and %s more', n - 20) ELSE '' END;
    END IF;
END
$$;

-- The value is judged while the table is rewritten anyway: an UPDATE before it would write it twice.
ALTER TABLE images ALTER COLUMN size TYPE integer
    USING CASE WHEN size BETWEEN -2147483648 AND 2147483647 THEN size::integer END;

ALTER TABLE feed_data_gem_packages ALTER COLUMN id TYPE integer
    USING CASE WHEN id BETWEEN -2147483648 AND 2147483647 THEN id::integer END;
