-- Npms and gems that cannot become packages, or only just, and users that are hard to keep.
INSERT INTO images (id, user_id, created_at, last_modified) VALUES ('im''age', 'o"brien', '2018-01-01', '2018-01-02');
INSERT INTO image_packages (image_id, image_user_id, name, version, pkg_type, arch)
    VALUES ('im''age', 'o"brien', 'taken', '1', 'npm', 'N/A'), ('im''age', 'o"brien', 'taken', '1', 'gem', 'N/A');
CREATE TEMPORARY TABLE found AS
SELECT 'h' || row_number() OVER () AS hash, name, versions, licenses, origins
FROM (VALUES
    ('plain', '["1.0"]', '["MIT"]', '["x"]'), ('plain', '["1.0"]', '["MIT"]', '["x"]'), ('taken', '["1"]', '[]', '[]'),
    (NULL, '["1"]', '[]', '[]'), ('', '[""]', '[""]', '[""]'), ('nulls', NULL, NULL, NULL), ('null', 'null', 'null', 'null'),
    ('text', '"1.2.3"', '"MIT"', '"me"'), ('number', '1.5', '2', '3'), ('object', '{"a": 1}', '{}', '{}'),
    ('malformed', '["1", ', '[MIT]', 'x'), ('malformed license', '["1"]', '[MIT]', '[]'), ('malformed origin', '["1"]', '[]', ']'),
    ('no text', '', '', ''), ('mixed', '[null, 1, true, ["a"], {"b": "c"}]', '[null, "A", 1]', '[[], {}, null]'),
    ('null first', '[null]', '[null]', '[null]'), ('NUL', '["1\u0000"]', '["\u0000"]', '["\u0000"]'),
    ('NUL license', '["1"]', '["M\u0000IT"]', '[]'), ('half a pair', '["\ud83d"]', '["\ude00"]', '[]'),
    ('quotes', '["1''\"; --"]', '["it''s \"MIT\" \\"]', '["ü 漢 😀 %s"]'), ('twice', '["1", "2"]', '["A", "B C"]', '["d", "e"]'),
    ('long version', '["' || repeat('9', 129) || '"]', '[]', '[]'), ('just fits', '["' || repeat('é', 128) || '"]', '[]', '[]'),
    ('long license', '["1"]', '["' || repeat('M', 1025) || '"]', '[]'), ('long origin', '["1"]', '[]', '["' || repeat('o', 513) || '"]'),
    ('a megabyte', '["1", "' || repeat('0123456789', 100000) || '"]', '[]', '[]'),
    ('megabyte of license', '["1"]', '["' || repeat('0123456789', 100000) || '"]', '[]'),
    ('deep', repeat('[', 5000) || repeat(']', 5000), '[]', '[]'), (repeat('é', 255), '["1"]', '[]', '[]')
) AS v (name, versions, licenses, origins);
INSERT INTO image_npms (image_user_id, image_id, path_hash, path, name, versions_json, licenses_json, origins_json)
    SELECT 'o"brien', 'im''age', hash, '/p''a"th/' || hash, name, versions, licenses, origins FROM found;
INSERT INTO image_gems (image_user_id, image_id, path_hash, path, name, versions_json, licenses_json, origins_json)
    SELECT 'o"brien', 'im''age', hash, CASE hash WHEN 'h1' THEN NULL ELSE 'same' END, name, versions, licenses, origins FROM found;
DROP TABLE found;
INSERT INTO users ("userId", created_at, last_updated, record_state_key, record_state_val, password, email, acls, active) VALUES
    ('o''br"ien\', 1500000000, 1500000001, 'active', NULL, 'p''w"\', 'a@b', '', TRUE), ('x', NULL, NULL, NULL, NULL, '', NULL, NULL, NULL),
    ('y', 1, 1, '', '', NULL, '', 'acl', FALSE), ('漢 字', 1, 1, 'k', 'v', '😀', 'ü', '{}', TRUE), (repeat('u', 600), 1, 1, 'k', 'v', repeat('p', 1000000), 'e', '', TRUE);
