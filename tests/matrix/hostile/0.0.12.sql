-- Groups of Red Hat's and CentOS's in combinations that no feed has, and versions that no RPM has.
INSERT INTO feeds (name) VALUES ('vulnerabilities'), ('o''feed'), ('packages') ON CONFLICT DO NOTHING;
INSERT INTO feed_groups (name, feed_name, last_sync) VALUES
    ('rhel:5', 'vulnerabilities', '2020-01-01'), ('rhel:6', 'vulnerabilities', '2020-01-01'), ('centos:6', 'vulnerabilities', '2020-01-01'),
    ('centos:7', 'vulnerabilities', '2020-01-01'), ('rhel:8', 'vulnerabilities', NULL), ('centos:8', 'vulnerabilities', NULL),
    ('centos:', 'vulnerabilities', '2020-01-01'), ('centos:%', 'o''feed', '2020-01-01'), ('rhel:6', 'o''feed', '2020-01-01'), ('CentOS:6', 'o''feed', NULL);
INSERT INTO distro_mappings (from_distro, to_distro, flavor) VALUES
    ('centos', 'centos', 'RHEL'), ('fedora', NULL, NULL), ('rhel', 'o''ther', ''), ('ol', '', NULL), ('own', 'centos', 'X');
INSERT INTO images (id, user_id, created_at, last_modified, distro_name, distro_version, like_distro) VALUES
    ('i', 'o''brien', '2018-01-01', '2018-01-02', 'centos', '6.10', 'rhel,centos'), ('j', 'o''brien', '2018-01-01', '2018-01-02', 'rhel', '', NULL),
    ('k', 'o''brien', '2018-01-01', '2018-01-02', 'centos', 'six''6', ''), ('l', 'o''brien', '2018-01-01', '2018-01-02', NULL, NULL, NULL);
CREATE TEMPORARY TABLE odd AS SELECT version, row_number() OVER () AS n FROM unnest(ARRAY['1', '', '0', ':', '1:', ':1', '1:2:3', 'a:1',
    '-', '1-', '-1', '1-2-3', '~', '1~', '1~~rc1', '1^git', '^', '.', '1..2', 'None', '99999999999999999999999:1', '1.' || repeat('9', 100),
    '00001', '1.a.1', 'é-1', '1''2', '%s', '\', '(none):1-1', '1:1-1.el6', ' 1', '1 ']) AS version;
INSERT INTO image_packages (image_id, image_user_id, name, version, pkg_type, arch, pkg_path, distro_name, distro_version, like_distro, fullversion,
        release, src_pkg, normalized_src_pkg)
    SELECT image, 'o''brien', 'p''kg', version, 'rpm', 'x', 'pkgdb', 'centos', '6', 'centos', version, '', CASE n % 3 WHEN 0 THEN NULL ELSE 'p''kg' END,
        CASE n % 2 WHEN 0 THEN 'p''kg' ELSE 'N/A' END
    FROM odd, unnest(ARRAY['i', 'j', 'k', 'l']) AS image;
INSERT INTO feed_data_vulnerabilities (id, namespace_name, severity)
    SELECT 'V' || n, name, 'High' FROM odd, unnest(ARRAY['rhel:6', 'centos:6', 'centos:7', 'rhel:8', 'centos:8', 'centos:', 'RHEL:6']) AS name;
INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id, namespace_name, name, version, version_format, epochless_version)
    SELECT 'V' || n, name, 'p''kg', version, CASE n % 5 WHEN 0 THEN 'semver' WHEN 1 THEN NULL WHEN 2 THEN 'rpm' ELSE 'RPM' END, version
    FROM odd, unnest(ARRAY['rhel:6', 'centos:6', 'centos:7', 'rhel:8', 'centos:8', 'centos:', 'RHEL:6']) AS name;
INSERT INTO feed_data_vulnerabilities_vulnerable_artifacts (vulnerability_id, namespace_name, name, version, version_format, epochless_version)
    SELECT 'V' || n, 'rhel:6', 'p''kg', version, CASE n % 2 WHEN 0 THEN 'RPM' END, NULL FROM odd WHERE n % 2 = 0;
INSERT INTO image_package_vulnerabilities (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, vulnerability_id,
        vulnerability_namespace_name)
    SELECT 'o''brien', 'i', 'p''kg', version, 'rpm', 'x', 'pkgdb', 'V' || n, CASE n % 4 WHEN 0 THEN 'centos:6' WHEN 1 THEN 'rhel:6' WHEN 2 THEN 'centos:7' END
    FROM odd;
DROP TABLE odd;
