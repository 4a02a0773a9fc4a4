-- Downgrade of an Anchore Engine database from version 0.0.13 to 0.0.12.
--
-- Keeps every row written under 0.0.13, matches with the groups rhel:* included. Takes back what the upgrade
-- made of its own: centos, fedora and rhel lead to centos again, and the mappings and matches that the
-- upgrade added go. It knows them by a created_at of 13 microseconds past a full second. Any other upgrade
-- left no such mark: its mappings stay, as 0.0.12 adds them itself, and so do its matches. What the engine
-- stamped with these 13 microseconds by chance, one row in a million, goes too. Of mappings nothing is lost
-- but their times: each one that goes, or leads to centos again, is one that the upgrade puts there again.
-- Not given back: what the upgrade deleted for centos:5 to centos:8. These groups count as never synced, so the
-- next feed sync of 0.0.12 brings their records, and with them the matches; a new upgrade matches again.
--
-- loses: column feeds.enabled
-- recomputes: column feeds.enabled as TRUE
-- loses: column feed_groups.enabled
-- recomputes: column feed_groups.enabled as name NOT LIKE 'centos:%'
-- loses: column feed_groups.count
-- recomputes: column feed_groups.count as CASE feed_name WHEN 'vulnerabilities' THEN (SELECT count(*) FROM feed_data_vulnerabilities r WHERE r.namespace_name = feed_groups.name) WHEN 'nvdv2' THEN (SELECT count(*) FROM feed_data_nvdv2_vulnerabilities r WHERE r.namespace_name = feed_groups.name) WHEN 'packages' THEN CASE name WHEN 'gem' THEN (SELECT count(*) FROM feed_data_gem_packages) WHEN 'npm' THEN (SELECT count(*) FROM feed_data_npm_packages) END END
-- loses: column feed_groups.last_update
-- loses: rows distro_mappings where FALSE
-- loses: rows image_package_vulnerabilities where vulnerability_namespace_name IN ('rhel:5', 'rhel:6', 'rhel:7', 'rhel:8') AND to_char(created_at, 'US') = '000013'

ALTER TABLE feeds DROP COLUMN enabled;

ALTER TABLE feed_groups
    DROP COLUMN enabled,
    DROP COLUMN count,
    DROP COLUMN last_update;

-- Before the mappings are set back, for the upgrade may have added these as well.
DELETE FROM distro_mappings
WHERE to_char(created_at, 'US') = '000013' AND (from_distro, to_distro, flavor) IN (
    ('alpine', 'alpine', 'ALPINE'), ('amzn', 'amzn', 'RHEL'), ('busybox', 'busybox', 'BUSYB'),
    ('centos', 'rhel', 'RHEL'), ('debian', 'debian', 'DEB'), ('fedora', 'rhel', 'RHEL'), ('ol', 'ol', 'RHEL'),
    ('rhel', 'rhel', 'RHEL'), ('ubuntu', 'ubuntu', 'DEB'));

UPDATE distro_mappings SET to_distro = 'centos'
WHERE from_distro IN ('centos', 'fedora', 'rhel') AND to_distro = 'rhel';

-- Deletes the matches that the upgrade added.
DO $$
DECLARE
    gone bigint;
    keys text;
BEGIN
    WITH deleted AS (
        DELETE FROM image_package_vulnerabilities
        WHERE vulnerability_namespace_name IN ('rhel:5', 'rhel:6', 'rhel:7', 'rhel:8')
            AND to_char(created_at, 'US') = '000013'
        RETURNING vulnerability_namespace_name
    ), groups AS (
        SELECT vulnerability_namespace_name AS name, count(*) AS matches FROM deleted GROUP BY 1
    )
    SELECT sum(matches), string_agg(format('%s (%s)', name, matches), '; ' ORDER BY name) INTO gone, keys FROM groups;
    IF gone > 0 THEN
        RAISE WARNING '% match(es) that the upgrade made are gone; centos, fedora and rhel images have theirs back after the next feed sync: %', gone, keys;
    END IF;
END
$$;
