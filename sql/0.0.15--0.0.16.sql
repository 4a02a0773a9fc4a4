-- Upgrade of an Anchore Engine database from version 0.0.15 to 0.0.16.
--
-- Lost: the feed groups github:os and github:unknown, of whatever feed, their records, and the matches of
-- packages with these. All of it came from the feed.
-- Kept: everything else, all other groups github:* included. The schema is the same.
--
-- destroys: rows image_package_vulnerabilities: matches with github:os and github:unknown; a feed sync makes them again if the feed has these groups
-- destroys: rows feed_data_vulnerabilities: records of github:os and github:unknown; a feed sync brings them again if the feed has these groups
-- destroys: rows feed_data_vulnerabilities_fixed_artifacts: fixes of these records, likewise
-- destroys: rows feed_data_vulnerabilities_vulnerable_artifacts: vulnerable versions of these records, likewise
-- destroys: rows feed_groups: github:os and github:unknown; a feed sync makes them again if the feed has them

-- Drops the foreign key of matches if vulnerabilities go. It comes back below: no index begins with its columns, so
-- that as long as it is there every vulnerability that goes costs a look at every match. It is found by what it does,
-- for PostgreSQL 11 and 12 name it differently.
DO $$
DECLARE
    key name;
BEGIN
    IF NOT EXISTS (SELECT FROM feed_data_vulnerabilities WHERE namespace_name IN ('github:os', 'github:unknown')) THEN
        RETURN;
    END IF;
    FOR key IN
        SELECT conname FROM pg_constraint
        WHERE contype = 'f' AND conrelid = 'image_package_vulnerabilities'::regclass
            AND confrelid = 'feed_data_vulnerabilities'::regclass
    LOOP
        EXECUTE format('ALTER TABLE image_package_vulnerabilities DROP CONSTRAINT %I', key);
    END LOOP;
END
$$;

-- Children first: what is left of the foreign keys holds after every statement.
DELETE FROM image_package_vulnerabilities WHERE vulnerability_namespace_name IN ('github:os', 'github:unknown');

DELETE FROM feed_data_vulnerabilities_fixed_artifacts WHERE namespace_name IN ('github:os', 'github:unknown');

DELETE FROM feed_data_vulnerabilities_vulnerable_artifacts WHERE namespace_name IN ('github:os', 'github:unknown');

DELETE FROM feed_data_vulnerabilities WHERE namespace_name IN ('github:os', 'github:unknown');

DELETE FROM feed_groups WHERE name IN ('github:os', 'github:unknown');

-- Puts the foreign key back. All matches are checked once.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE contype = 'f' AND conrelid = 'image_package_vulnerabilities'::regclass
            AND confrelid = 'feed_data_vulnerabilities'::regclass)
    THEN
        ALTER TABLE image_package_vulnerabilities
            ADD CONSTRAINT image_package_vulnerabilities_vulnerability_id_vulnerabili_fkey
            FOREIGN KEY (vulnerability_id, vulnerability_namespace_name)
            REFERENCES feed_data_vulnerabilities(id, namespace_name);
    END IF;
END
$$;
