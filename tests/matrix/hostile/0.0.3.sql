-- Analysis documents that do not hold what the edge to 0.0.4 looks for, and values that are hard to carry over.
CREATE FUNCTION pg_temp.image(digest varchar, document varchar) RETURNS void LANGUAGE sql AS $$
    INSERT INTO catalog_image ("imageDigest", "userId", created_at, last_updated, image_type, analysis_status)
        VALUES (digest, 'o''brien', 1500000000, 1500000001, 'docker', 'analyzed');
    INSERT INTO catalog_image_docker ("imageDigest", "userId", registry, repo, tag, "imageId", dockerfile)
        VALUES (digest, 'o''brien', 'r', 'p', '1', '', NULL), (digest, 'o''brien', 'r', 'p', '2', 'sha"1\', NULL),
            (digest, 'o''brien', 'r', 'p', '3', NULL, '');
    INSERT INTO archive_document (bucket, "archiveId", "userId", "documentName", jsondata)
        VALUES ('analysis_data', digest, 'o''brien', 'x.json', document);
$$;
CREATE FUNCTION pg_temp.document(report text, analyzer text) RETURNS varchar LANGUAGE sql AS $$
    SELECT format('{"document": [{"image": {"imageId": "i", "imagedata": {"image_report": %s, "analysis_report": %s}}}]}',
        report, analyzer)::varchar
$$;
SELECT pg_temp.image('malformed', '{"document": [');
SELECT pg_temp.image('no object', '"document"');
SELECT pg_temp.image('a number', '17');
SELECT pg_temp.image('no list', '{"document": {"image": {"imageId": "i"}}}');
SELECT pg_temp.image('null', '{"document": null}');
SELECT pg_temp.image('list of null', '{"document": [null]}');
SELECT pg_temp.image('image is a list', '{"document": [{"image": ["imageId", "imagedata"]}]}');
SELECT pg_temp.image('no image data', '{"document": [{"image": {"imageId": "i", "imagedata": null}}]}');
SELECT pg_temp.image('NUL in another place', '{"a": "\u0000", "document": [{"image": {"imageId": "i"}}]}');
SELECT pg_temp.image('twice', '{"document": [], "document": [{"image": {"imageId": "i", "imageId": null, "imagedata": {}}}]}');
SELECT pg_temp.image('NUL', pg_temp.document('{"dockerfile_contents": "FROM \u0000", "dockerfile_mode": "Act\u0000ual"}', '{}'));
SELECT pg_temp.image('half a pair', pg_temp.document('{"dockerfile_contents": "\ud83d", "dockerfile_mode": "Actual"}', '{}'));
SELECT pg_temp.image('quotes', pg_temp.document(
    '{"dockerfile_contents": "RUN echo \"it''s\" \\\n# ü 漢 😀 %s $$", "dockerfile_mode": "Gu''essed", "layers": ["a", "b"],
      "docker_data": {"Architecture": "a''md\\64"}}',
    '{"analyzer_meta": {"analyzer_meta": {"base": {"DISTRO": "", "DISTROVERS": "7\"; --"}}}}'));
SELECT pg_temp.image('wrong kinds', pg_temp.document(
    '{"dockerfile_contents": {"a": 1}, "dockerfile_mode": ["x"], "layers": 3, "docker_data": "none"}',
    '{"analyzer_meta": []}'));
SELECT pg_temp.image(size, format(
    '{"document": [{"image": {"imageId": "i", "imagedata": {"image_report": {"meta": {"sizebytes": %s}, "layers": []}}}}]}', size))
FROM unnest(ARRAY['"abc"', '1e400', '1e18', '9223372036854775808', '-1', '""', '"NaN"', 'true', '"1_000"', '" 12 "', '{}']) AS size;
SELECT pg_temp.image('a megabyte', pg_temp.document(
    format('{"dockerfile_contents": "%s", "dockerfile_mode": "Actual"}', repeat('0123456789ü', 100000)), '{}'));
SELECT pg_temp.image('deep', repeat('[', 3000) || repeat(']', 3000));
SELECT pg_temp.image('too deep', repeat('[', 200000));
SELECT pg_temp.image('', pg_temp.document('{}', '{}'));
