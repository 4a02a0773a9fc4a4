-- Upgrade of an Anchore Engine database from version 0.0.12 to 0.0.13.
--
-- New: column feeds.enabled; columns enabled, count and last_update of feed_groups, all with values; the
-- distro mappings of 0.0.13 that are missing. Red Hat like distributions (centos, fedora, rhel) leave the
-- groups centos:*, whose records are advisories, for the groups rhel:*, whose records are CVEs: their
-- mappings lead to rhel, the groups centos:* are disabled, and the packages are matched with the records
-- of rhel:5 to rhel:8 that are here. Where group rhel:V exists, the records and matches of centos:V go.
-- Kept: everything else, such as a mapping that leads elsewhere, and centos:V without a group rhel:V.
--
-- What this edge adds to a table that 0.0.12 knows has a created_at of 13 microseconds past a full second;
-- by that the way back finds it again.
--
-- destroys: rows image_package_vulnerabilities: matches with centos:5 to centos:8 where group rhel:5 to rhel:8 exists, and matches with rhel:5 to rhel:8 that do not hold; 0.0.12 finds its own at the next feed sync
-- destroys: rows feed_data_vulnerabilities: advisories of centos:5 to centos:8 where group rhel:5 to rhel:8 exists; the next feed sync of 0.0.12 brings them again
-- destroys: rows feed_data_vulnerabilities_fixed_artifacts: fixes of these advisories; the next feed sync of 0.0.12 brings them again
-- destroys: rows feed_data_vulnerabilities_vulnerable_artifacts: vulnerable versions of these advisories; the next feed sync of 0.0.12 brings them again
-- destroys: column feed_groups.last_sync: of the groups centos:5 to centos:8 that are emptied, so that the next feed sync of 0.0.12 fills them
-- destroys: column distro_mappings.to_distro: centos, fedora and rhel lead to centos after the way back, also if one of them led to rhel before

ALTER TABLE feeds ADD COLUMN enabled boolean;

UPDATE feeds SET enabled = TRUE;

ALTER TABLE feed_groups
    ADD COLUMN enabled boolean,
    ADD COLUMN count bigint,
    ADD COLUMN last_update timestamp;

UPDATE distro_mappings SET to_distro = 'rhel'
WHERE from_distro IN ('centos', 'fedora', 'rhel') AND to_distro = 'centos';

-- Nine mappings, as the first release of 0.0.13 has them. Later releases know more and add them themselves.
INSERT INTO distro_mappings (from_distro, to_distro, flavor, created_at)
SELECT from_distro, to_distro, flavor, date_trunc('second', now()) + interval '13 microseconds'
FROM (VALUES
    ('alpine', 'alpine', 'ALPINE'),
    ('amzn', 'amzn', 'RHEL'),
    ('busybox', 'busybox', 'BUSYB'),
    ('centos', 'rhel', 'RHEL'),
    ('debian', 'debian', 'DEB'),
    ('fedora', 'rhel', 'RHEL'),
    ('ol', 'ol', 'RHEL'),
    ('rhel', 'rhel', 'RHEL'),
    ('ubuntu', 'ubuntu', 'DEB')) AS known (from_distro, to_distro, flavor)
ON CONFLICT (from_distro) DO NOTHING;

-- A text for a version, or a release, such that texts compare byte by byte as RPM compares the originals.
-- A version is a row of tokens: numbers, words, ~ and ^; all else separates. Of two rows the first
-- difference decides: ~ comes before the end, then the end, ^, words in byte order, and numbers, where more
-- digits (leading zeros aside) are more. One digit says what the token is, and is less than any letter,
-- so that a word comes before the longer word that it begins.
CREATE FUNCTION pg_temp.rpm_order(version text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_to_string(ARRAY(
        SELECT CASE
            WHEN token[1] = '~' THEN '1'
            WHEN token[1] = '^' THEN '3'
            WHEN ascii(token[1]) > 57 THEN '4' || token[1]
            ELSE '5' || lpad(to_hex(length(ltrim(token[1], '0'))), 8, '0') || ltrim(token[1], '0')
        END
        FROM regexp_matches(version, '[0-9]+|[A-Za-z]+|[~^]', 'g') WITH ORDINALITY AS tokens (token, place)
        ORDER BY place), '') || '2'
$$;

-- Many images have the same packages: what they have in common is matched once. A package is sought by its
-- own name and by that of its source.
CREATE TEMPORARY TABLE rhel_packages AS
SELECT row_number() OVER () AS id, packages.*
FROM (
    SELECT DISTINCT 'rhel:' || left(p.distro_version, 1) AS namespace, p.name, p.version,
        coalesce(p.normalized_src_pkg, p.name) AS source, coalesce(p.fullversion, p.version) AS fullversion
    FROM image_packages p JOIN distro_mappings d ON d.from_distro = p.distro_name AND d.to_distro = 'rhel'
    WHERE left(p.distro_version, 1) IN ('5', '6', '7', '8')
) packages;

CREATE TEMPORARY TABLE rhel_versions AS
SELECT original,
    pg_temp.rpm_order('0' || substring(original FROM '^([0-9]*):')) COLLATE "C" AS epoch,
    pg_temp.rpm_order(regexp_replace(regexp_replace(original, '^[0-9]*:', ''), '-[^-]*$', '')) COLLATE "C" AS version,
    pg_temp.rpm_order(nullif(substring(original FROM '-([^-]*)$'), '')) COLLATE "C" AS release
FROM (
    SELECT fullversion AS original FROM rhel_packages
    UNION
    SELECT version FROM feed_data_vulnerabilities_fixed_artifacts
    WHERE namespace_name IN ('rhel:5', 'rhel:6', 'rhel:7', 'rhel:8') AND version <> 'None'
) versions;

-- The planner knows nothing of these tables and guesses; with an index whatever it chooses is fast enough.
CREATE INDEX ON rhel_packages (name, version);

CREATE UNIQUE INDEX ON rhel_versions (original);

-- A package is vulnerable if it is older than the fix, or if there is no fix ('None'). An epoch or a release
-- that only one side has is not compared: many package records have no epoch. A vulnerability without any
-- fix record is an empty one, whatever else it names.
CREATE TEMPORARY TABLE rhel_matches AS
WITH sought AS (
    SELECT id, namespace, name AS artifact, fullversion, version FROM rhel_packages
    UNION ALL
    SELECT id, namespace, source, fullversion, version FROM rhel_packages WHERE source <> name
)
SELECT p.id, f.vulnerability_id
FROM sought p
JOIN feed_data_vulnerabilities_fixed_artifacts f ON f.namespace_name = p.namespace AND f.name = p.artifact
JOIN rhel_versions here ON here.original = p.fullversion
LEFT JOIN rhel_versions fix ON fix.original = f.version
WHERE CASE
    WHEN f.version = 'None' THEN TRUE
    WHEN here.epoch <> fix.epoch THEN here.epoch < fix.epoch
    WHEN here.version <> fix.version THEN here.version < fix.version
    ELSE here.release < fix.release
END
UNION
SELECT p.id, v.vulnerability_id
FROM sought p
JOIN feed_data_vulnerabilities_vulnerable_artifacts v ON v.namespace_name = p.namespace AND v.name = p.artifact
WHERE v.epochless_version IN ('None', 'all', p.fullversion, p.version) AND EXISTS (
    SELECT FROM feed_data_vulnerabilities_fixed_artifacts f
    WHERE f.vulnerability_id = v.vulnerability_id AND f.namespace_name = v.namespace_name);

CREATE UNIQUE INDEX ON rhel_matches (id, vulnerability_id);

-- Drops the foreign key from matches to vulnerabilities. It comes back below: no index begins with its columns, so
-- that as long as it is there every vulnerability that goes costs a look at every match. It is found by what it does,
-- for PostgreSQL 11 and 12 name it differently.
DO $$
DECLARE
    key name;
BEGIN
    FOR key IN
        SELECT conname FROM pg_constraint
        WHERE contype = 'f' AND conrelid = 'image_package_vulnerabilities'::regclass
            AND confrelid = 'feed_data_vulnerabilities'::regclass
    LOOP
        EXECUTE format('ALTER TABLE image_package_vulnerabilities DROP CONSTRAINT %I', key);
    END LOOP;
END
$$;

CREATE TEMPORARY VIEW rhel_groups AS
SELECT name AS rhel, replace(name, 'rhel:', 'centos:') AS centos FROM feed_groups
WHERE feed_name = 'vulnerabilities' AND name IN ('rhel:5', 'rhel:6', 'rhel:7', 'rhel:8');

-- Names the groups rhel:* that have no records yet.
DO $$
DECLARE
    bare text;
BEGIN
    SELECT string_agg(rhel, ', ' ORDER BY rhel) INTO bare FROM rhel_groups
    WHERE NOT EXISTS (SELECT FROM feed_data_vulnerabilities WHERE namespace_name = rhel)
        AND EXISTS (SELECT FROM image_package_vulnerabilities WHERE vulnerability_namespace_name = centos);
    IF bare IS NOT NULL THEN
        RAISE WARNING 'no records yet of %: images of these distributions show no vulnerabilities until the next feed sync', bare;
    END IF;
END
$$;

-- Children first: what is left of the foreign keys holds after every statement.
DELETE FROM image_package_vulnerabilities WHERE vulnerability_namespace_name IN (SELECT centos FROM rhel_groups);

DELETE FROM feed_data_vulnerabilities_fixed_artifacts WHERE namespace_name IN (SELECT centos FROM rhel_groups);

DELETE FROM feed_data_vulnerabilities_vulnerable_artifacts WHERE namespace_name IN (SELECT centos FROM rhel_groups);

DELETE FROM feed_data_vulnerabilities WHERE namespace_name IN (SELECT centos FROM rhel_groups);

CREATE TEMPORARY VIEW rhel_found AS
SELECT p.image_id, p.image_user_id, p.name, p.version, p.pkg_type, p.arch, p.pkg_path, m.vulnerability_id, r.namespace
FROM image_packages p
JOIN distro_mappings d ON d.from_distro = p.distro_name AND d.to_distro = 'rhel'
JOIN rhel_packages r ON r.namespace = 'rhel:' || left(p.distro_version, 1) AND r.name = p.name
    AND r.version = p.version AND r.source = coalesce(p.normalized_src_pkg, p.name)
    AND r.fullversion = coalesce(p.fullversion, p.version)
JOIN rhel_matches m ON m.id = r.id;

DELETE FROM image_package_vulnerabilities v
WHERE v.vulnerability_namespace_name IN ('rhel:5', 'rhel:6', 'rhel:7', 'rhel:8') AND NOT EXISTS (
    SELECT FROM rhel_found f
    WHERE f.image_id = v.pkg_image_id AND f.image_user_id = v.pkg_user_id AND f.name = v.pkg_name
        AND f.version = v.pkg_version AND f.pkg_type = v.pkg_type AND f.arch = v.pkg_arch
        AND f.pkg_path = v.pkg_path AND f.vulnerability_id = v.vulnerability_id
        AND f.namespace = v.vulnerability_namespace_name);

INSERT INTO image_package_vulnerabilities (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch,
    pkg_path, vulnerability_id, vulnerability_namespace_name, created_at)
SELECT image_user_id, image_id, name, version, pkg_type, arch,
    pkg_path, vulnerability_id, namespace, date_trunc('second', now()) + interval '13 microseconds'
FROM rhel_found
ON CONFLICT DO NOTHING;

-- Names the matches that another group has taken. The key of a match does not know the group of the vulnerability.
-- Counted first, for that costs little.
DO $$
DECLARE
    missing bigint;
    keys    text;
BEGIN
    SELECT (SELECT count(*) FROM rhel_found) - count(*) INTO missing FROM image_package_vulnerabilities
    WHERE vulnerability_namespace_name IN ('rhel:5', 'rhel:6', 'rhel:7', 'rhel:8');
    IF missing > 0 THEN
        SELECT string_agg(key, '; ') INTO keys
        FROM (
            SELECT format('%s of %s %s in image %s (%s)', f.vulnerability_id, f.name, f.version, f.image_id,
                coalesce(v.vulnerability_namespace_name, 'no group')) AS key
            FROM rhel_found f JOIN image_package_vulnerabilities v
                ON v.pkg_image_id = f.image_id AND v.pkg_user_id = f.image_user_id AND v.pkg_name = f.name
                AND v.pkg_version = f.version AND v.pkg_type = f.pkg_type AND v.pkg_arch = f.arch
                AND v.pkg_path = f.pkg_path AND v.vulnerability_id = f.vulnerability_id
            WHERE v.vulnerability_namespace_name IS DISTINCT FROM f.namespace
            ORDER BY key LIMIT 20
        ) AS first;
        RAISE WARNING '% match(es) with rhel:* are recorded for another group already and stay so: %', missing,
            keys || CASE WHEN missing > 20 THEN format('; and %s more', missing - 20) ELSE '' END;
    END IF;
END
$$;

ALTER TABLE image_package_vulnerabilities
    ADD CONSTRAINT image_package_vulnerabilities_vulnerability_id_vulnerabili_fkey
    FOREIGN KEY (vulnerability_id, vulnerability_namespace_name) REFERENCES feed_data_vulnerabilities(id, namespace_name);

-- Groups of a feed that nobody knows have no count.
UPDATE feed_groups g
SET enabled = g.name NOT LIKE 'centos:%',
    count = c.count,
    last_update = CASE WHEN c.count IS NULL THEN g.last_sync ELSE now() END,
    last_sync = CASE WHEN c.emptied THEN NULL ELSE g.last_sync END
FROM (
    SELECT groups.feed_name, groups.name,
        CASE WHEN groups.feed_name IN ('vulnerabilities', 'github', 'packages', 'nvd', 'nvdv2', 'vulndb')
            THEN coalesce(records.count, 0) END AS count,
        groups.feed_name = 'vulnerabilities' AND groups.name IN (SELECT centos FROM rhel_groups) AS emptied
    FROM feed_groups groups LEFT JOIN (
        SELECT feed_name, namespace_name, count
        FROM (VALUES ('vulnerabilities'), ('github')) AS feed (feed_name),
            (SELECT namespace_name, count(*) FROM feed_data_vulnerabilities GROUP BY namespace_name) AS vulnerabilities
        UNION ALL
        SELECT 'packages', 'gem', count(*) FROM feed_data_gem_packages
        UNION ALL
        SELECT 'packages', 'npm', count(*) FROM feed_data_npm_packages
        UNION ALL
        SELECT 'nvd', namespace_name, count(*) FROM feed_data_nvd_vulnerabilities
        WHERE namespace_name LIKE '%nvddb%' GROUP BY namespace_name
        UNION ALL
        SELECT 'nvdv2', namespace_name, count(*) FROM feed_data_nvdv2_vulnerabilities GROUP BY namespace_name
        UNION ALL
        SELECT 'vulndb', namespace_name, count(*) FROM feed_data_vulndb_vulnerabilities GROUP BY namespace_name
    ) AS records ON records.feed_name = groups.feed_name AND records.namespace_name = groups.name
) AS c
WHERE c.feed_name = g.feed_name AND c.name = g.name;

DROP VIEW pg_temp.rhel_found, pg_temp.rhel_groups;

DROP TABLE pg_temp.rhel_matches, pg_temp.rhel_versions, pg_temp.rhel_packages;

DROP FUNCTION pg_temp.rpm_order(text);
