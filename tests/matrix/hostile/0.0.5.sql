-- Keys that have a meaning in an address, and the values that the edge to 0.0.6 copies.
INSERT INTO archive_document (bucket, "archiveId", "userId", "documentName", created_at, last_updated, record_state_key,
    record_state_val, jsondata) VALUES
    ('a/b', '../..', 'u:p@h', '%2F', NULL, NULL, '', 'v', NULL), ('', '-', '', '', 0, -1, NULL, '', ''),
    ('b', 'ü', '漢 字', '?#', 1, 2, 'k', NULL, '{"a": "\u0000"}'), ('b', 'x', 'y', 'z', 2147483647, -2147483648, 'k', 'k', 'no JSON');
