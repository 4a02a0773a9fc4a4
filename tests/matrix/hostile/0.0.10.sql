-- User names that break a statement which is put together of values.
INSERT INTO accounts (name, state, type) VALUES ('o''brien', 'enabled', 'user');
INSERT INTO account_users (username, account_name) VALUES
    ('o''brien', 'o''brien'), ('%s"\', 'o''brien'), ('Anchore-System', 'o''brien'), ('漢 字', NULL);
INSERT INTO registries (registry, "userId", registry_type) VALUES ('h:5000/a''b', 'o''brien', NULL), ('%', 'o''brien', '');
INSERT INTO feed_data_vulnerabilities (id, namespace_name, severity) VALUES ('V''1', 'n"s', 'High');
INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id, namespace_name, name, version, updated_at) VALUES
    ('V''1', 'n"s', 'a', 'None', '2019-01-01'), ('V''1', 'n"s', 'a', 'none', '2019-01-01'), ('V''1', 'n"s', 'a', '', NULL), ('V''1', 'n"s', 'a', '1', NULL);
