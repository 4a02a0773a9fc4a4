-- One image in a hundred more (at least one), for `contrib/bench snapshots`: the rows of existing images in the image
-- tables once more under ids of their own, as a day of new analyses leaves them. The same database gives the same rows.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET timezone = 'UTC';
SET search_path = public;

CREATE TEMP TABLE more AS
 SELECT id AS old_id, digest AS old_digest, encode(sha256(('more' || id)::bytea), 'hex') AS id,
   'sha256:' || encode(sha256(('more' || digest)::bytea), 'hex') AS digest
 FROM images ORDER BY created_at DESC, id LIMIT (SELECT greatest(1, count(*) / 100) FROM images);
ANALYZE more;

-- A table's rows of these images once more: its columns NAMES take the new columns of `more`, the first of them says
-- which rows, and whatever the server numbers is numbered on.
CREATE FUNCTION pg_temp.again(relation regclass, names text[], new text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  columns text;
  terms text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
    string_agg(coalesce('m.' || new[array_position(names, attname::text)], pg_get_expr(d.adbin, d.adrelid),
                        't.' || quote_ident(attname)), ', ' ORDER BY attnum)
   INTO columns, terms
   FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = relation AND attnum > 0 AND NOT attisdropped;
  EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %3$s FROM more m JOIN %1$s t ON t.%4$I = m.old_%5$s ORDER BY t.ctid',
                 relation, columns, terms, names[1], new[1]);
END $$;

SELECT pg_temp.again('images', '{id,digest}', '{id,digest}'),
  pg_temp.again('catalog_image', '{imageDigest,parentDigest}', '{digest,digest}'),
  pg_temp.again('catalog_image_docker', '{imageDigest,digest,imageId}', '{digest,digest,id}'),
  pg_temp.again('image_packages', '{image_id}', '{id}'),
  pg_temp.again('image_package_db_entries', '{image_id}', '{id}'),
  pg_temp.again('image_package_vulnerabilities', '{pkg_image_id}', '{id}'),
  pg_temp.again('image_npms', '{image_id}', '{id}'),
  pg_temp.again('image_cpes', '{image_id}', '{id}'),
  pg_temp.again('image_fs_analysis_dump', '{image_id}', '{id}'),
  pg_temp.again('image_vulnerabilities_reports', '{image_digest}', '{digest}'),
  pg_temp.again('archive_document', '{archiveId}', '{digest}'),
  pg_temp.again('object_storage', '{key}', '{digest}') \g /dev/null
