-- Groups whose names are nearly the two that the edge to 0.0.16 empties.
INSERT INTO feeds (name) VALUES ('vulnerabilities'), ('o''feed') ON CONFLICT DO NOTHING;
INSERT INTO feed_groups (name, feed_name) SELECT name, feed FROM unnest(ARRAY['github:os', 'github:unknown', 'github:os ', 'GitHub:OS', 'github:osx',
    'github:go', 'github_os', '']) AS name, unnest(ARRAY['vulnerabilities', 'o''feed']) AS feed;
INSERT INTO feed_data_vulnerabilities (id, namespace_name, severity)
    SELECT 'V''' || n, name, 'High' FROM unnest(ARRAY['github:os', 'github:unknown', 'github:os ', 'GitHub:OS', 'github:osx', 'github:go', '']) AS name,
        generate_series(1, 3) AS n;
INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id, namespace_name, name, version)
    SELECT id, namespace_name, 'a"b', '' FROM feed_data_vulnerabilities WHERE id LIKE 'V''%';
INSERT INTO feed_data_vulnerabilities_vulnerable_artifacts (vulnerability_id, namespace_name, name, version)
    SELECT id, namespace_name, '', 'None' FROM feed_data_vulnerabilities WHERE id LIKE 'V''%';
INSERT INTO images (id, user_id, created_at, last_modified) VALUES ('im''age', 'o"brien', '2018-01-01', '2018-01-02');
INSERT INTO image_packages (image_id, image_user_id, name, version, pkg_type, arch, pkg_path)
    VALUES ('im''age', 'o"brien', 'p''kg', '1', 'go', 'x', '/a b');
INSERT INTO image_package_vulnerabilities (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, vulnerability_id,
        vulnerability_namespace_name)
    SELECT 'o"brien', 'im''age', 'p''kg', '1', 'go', 'x', '/a b', id, namespace_name FROM feed_data_vulnerabilities WHERE id = 'V''1' AND namespace_name <> ''
        AND namespace_name = 'github:os';
INSERT INTO image_package_vulnerabilities (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, vulnerability_id,
        vulnerability_namespace_name) VALUES ('o"brien', 'im''age', 'p''kg', '1', 'go', 'x', '/a b', 'github:os', NULL);
