-- Clients whose columns the edge to 0.0.14 drops: what they hold may be anything.
INSERT INTO oauth2_clients (client_id, issued_at, expires_at, redirect_uri, grant_type, response_type, scope, client_name, client_uri, contact,
    jwks_text, i18n_metadata, software_id) VALUES
    ('a', 0, 0, E'http://a\nhttp://b', '', '', '', '', '', 'me@there', '{"keys": [', '{"a": "\u0000"}', 'x'),
    ('b', 2147483647, -1, 'it''s "q" \', E'password\nrefresh_token', 'token ü', '漢 字', '😀', '%s', '', NULL, '[]', ''),
    (NULL, 1, 2, repeat('0123456789', 100000), E'\t', E'\\n', ' ', NULL, NULL, NULL, repeat('{', 1000000), NULL, NULL),
    ('a', 0, 0, NULL, 'password', 'code', 's', NULL, NULL, NULL, NULL, NULL, NULL);
