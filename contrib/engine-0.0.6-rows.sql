-- Fills the 0.0.6 schema (sql/0.0.6.sql) with a small, plausible engine: two dozen analysed images, their
-- packages, files and findings, vulnerability feeds, documents, policies, queues. Every value is computed
-- from its row's number, so the same rows come out each time. Nothing here is real: images, packages,
-- advisories and people are made up. Used by contrib/make-snapshot.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SET search_path = public;
BEGIN;

CREATE FUNCTION pg_temp.pick(seed text, most integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
    $$ SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::integer) % most $$;
CREATE FUNCTION pg_temp.sha(seed text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT encode(sha256(convert_to(seed, 'UTF8')), 'hex') $$;
CREATE FUNCTION pg_temp.words(seed text, n integer) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT string_agg((ARRAY['a', 'crafted', 'request', 'lets', 'remote', 'local', 'user', 'read', 'write', 'memory',
        'beyond', 'buffer', 'in', 'parser', 'of', 'the', 'header', 'module', 'and', 'crash', 'service', 'with', 'long',
        'name', 'integer', 'overflow', 'during', 'decoding', 'image', 'file', 'through', 'missing', 'check', 'before',
        'release'])[1 + pg_temp.pick(seed || i, 35)], ' ' ORDER BY i) FROM generate_series(1, n) i $$;

-- The second of time 0 of this engine: 2018-06-01 08:00 UTC.
CREATE TEMP TABLE zero AS SELECT 1527840000 AS s, timestamp '2018-06-01 08:00:00' AS t;

CREATE TEMP TABLE repo AS
SELECT (row_number() OVER ())::integer - 1 AS r, * FROM (VALUES
    ('shop/web', 'debian', '9', 'debian', 'dpkg', 'amd64'),
    ('shop/api', 'debian', '9', 'debian', 'dpkg', 'amd64'),
    ('shop/worker', 'centos', '7', 'rhel,fedora', 'rpm', 'x86_64'),
    ('tools/proxy', 'alpine', '3.7.0', 'busybox', 'APKG', 'x86_64'),
    ('tools/metrics', 'ubuntu', '16.04', 'debian', 'dpkg', 'amd64'),
    ('lab/notebook', 'ubuntu', '16.04', 'debian', 'dpkg', 'amd64')
) v(name, distro, version, likeness, pkg_type, arch);

CREATE TEMP TABLE image AS
SELECT i, repo.*, pg_temp.sha('image ' || i) AS id, 'sha256:' || pg_temp.sha('digest ' || i) AS digest,
       'v1.' || i / 6 AS tag, CASE WHEN i % 5 = 4 THEN 'dev' ELSE 'admin' END AS owner,
       CASE i % 12 WHEN 10 THEN 'not_analyzed' WHEN 11 THEN 'analysis_failed' ELSE 'analyzed' END AS status,
       z.s + i * 5417 AS at, z.t + i * interval '5417 seconds' AS ts
  FROM generate_series(0, 23) i JOIN repo ON repo.r = i % 6, zero z;

CREATE TEMP TABLE package AS
SELECT p, (ARRAY['lib', '', 'python-', 'perl-', ''])[1 + pg_temp.pick('kind' || p, 5)]
          || (ARRAY['ada', 'brook', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heath', 'inlet', 'juno'])[1 + p % 10]
          || (ARRAY['net', 'ssl', 'xml', 'zip', 'core', 'font', 'tls', 'term', 'sql'])[1 + p / 10 % 9]
          || CASE WHEN p >= 90 THEN p::text ELSE '' END AS name,
       1 + pg_temp.pick('major' || p, 8) || '.' || pg_temp.pick('minor' || p, 30) AS version,
       pg_temp.pick('release' || p, 9) + 1 AS release,
       (ARRAY['GPL-2+', 'MIT', 'Apache-2.0', 'BSD-3-clause', 'LGPL-2.1+'])[1 + pg_temp.pick('license' || p, 5)] AS license
  FROM generate_series(0, 179) p;

-- 40 packages of the base, 25 of the repository, some of which differ from image to image.
CREATE TEMP TABLE installed AS
SELECT DISTINCT image.i, p FROM image, LATERAL (
    SELECT (r % 3 * 20 + k) % 180 AS p FROM generate_series(0, 39) k
    UNION SELECT pg_temp.pick('extra ' || r || ' ' || CASE WHEN k < 21 THEN 0 ELSE i END || ' ' || k, 180)
      FROM generate_series(0, 24) k) x
 WHERE image.status = 'analyzed';

INSERT INTO anchore (service_version, db_version, created_at, last_updated, record_state_key)
SELECT '0.2.1', '0.0.6', s, s, 'active' FROM zero;

INSERT INTO users ("userId", created_at, last_updated, record_state_key, password, email, acls, active)
SELECT u, s, s, 'active', 'not-a-password-' || md5(u), u || '@engine.invalid', NULL, true
  FROM zero, unnest(ARRAY['admin', 'anchore-system', 'dev']) u;

INSERT INTO services (hostid, servicename, created_at, last_updated, record_state_key, type, version, base_url,
    short_description, status, status_message, heartbeat)
SELECT 'engine-1', n, s, s + 130000, 'active', n, 'v1', 'http://engine-1:' || port, n, true, 'all good', s + 130000
  FROM zero, (VALUES ('apiext', 8228), ('catalog', 8082), ('simplequeue', 8083), ('analyzer', 8084),
                     ('policy_engine', 8087)) v(n, port);

INSERT INTO registries (registry, "userId", created_at, last_updated, record_state_key, registry_type, registry_user,
    registry_pass, registry_verify)
SELECT 'registry.shop.invalid:5000', 'admin', s, s, 'active', 'docker_v2', 'puller', 'not-a-password', true FROM zero;

INSERT INTO distro_mappings (from_distro, to_distro, flavor, created_at)
SELECT a, b, f, t FROM zero, (VALUES ('alpine', 'alpine', 'ALPINE'), ('busybox', 'busybox', 'BUSYB'),
    ('centos', 'centos', 'RHEL'), ('debian', 'debian', 'DEB'), ('fedora', 'centos', 'RHEL'), ('ol', 'ol', 'RHEL'),
    ('rhel', 'centos', 'RHEL'), ('ubuntu', 'ubuntu', 'DEB')) v(a, b, f);

INSERT INTO feeds (name, description, access_tier, last_full_sync, last_update, created_at)
SELECT n, n || ' feed', 0, t + interval '1 hour', t + interval '1 hour', t FROM zero, unnest(ARRAY['packages', 'vulnerabilities']) n;

INSERT INTO feed_groups (name, feed_name, description, access_tier, last_sync, created_at)
SELECT g, f, g || ' group', 0, t + interval '1 hour', t FROM zero, (VALUES ('npm', 'packages'), ('gem', 'packages'),
    ('alpine:3.7', 'vulnerabilities'), ('centos:7', 'vulnerabilities'), ('debian:9', 'vulnerabilities'),
    ('ubuntu:16.04', 'vulnerabilities')) v(g, f);

CREATE TEMP TABLE finding AS
SELECT v, 'CVE-' || 2014 + v % 5 || '-' || 1000 + v * 7 AS id,
       (ARRAY['debian:9', 'centos:7', 'alpine:3.7', 'ubuntu:16.04'])[1 + v % 4] AS namespace, pg_temp.pick('hit' || v, 180) AS p
  FROM generate_series(0, 399) v;

INSERT INTO feed_data_vulnerabilities (id, namespace_name, severity, description, link, metadata_json, cvss2_vectors,
    cvss2_score, created_at, updated_at)
SELECT id, namespace, (ARRAY['Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'])[1 + pg_temp.pick('severity' || v, 6)]
           ::vulnerability_severities, pg_temp.words('text' || v, 18 + pg_temp.pick('n' || v, 30)),
       'https://tracker.invalid/' || id, json_build_object('NVD', json_build_object('CVSSv2', json_build_object(
           'Score', pg_temp.pick('score' || v, 100) / 10.0, 'Vectors', 'AV:N/AC:L/Au:N/C:P/I:P')))::text,
       'AV:N/AC:L/Au:N/C:P/I:P', pg_temp.pick('score' || v, 100) / 10.0,
       t + v * interval '1.003 seconds', t + v * interval '1.017 seconds'
  FROM finding, zero;

INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id, namespace_name, name, version, version_format,
    epochless_version, include_later_versions, vendor_no_advisory, fix_metadata, created_at, updated_at)
SELECT id, namespace, name, CASE WHEN v % 6 = 0 THEN 'None' ELSE version || '-' || release + 1 END,
       CASE namespace WHEN 'centos:7' THEN 'RPM' ELSE 'dpkg' END, version || '-' || release + 1, true, v % 6 = 0,
       CASE WHEN v % 3 = 0 THEN '{"VendorAdvisorySummary": []}' END, t, t + interval '1 day'
  FROM finding JOIN package USING (p), zero;

INSERT INTO feed_data_vulnerabilities_vulnerable_artifacts (vulnerability_id, namespace_name, name, version,
    version_format, epochless_version, include_previous_versions, created_at, updated_at)
SELECT id, namespace, name, version, 'semver', version, true, t, t FROM finding JOIN package USING (p), zero WHERE v % 9 = 0;

INSERT INTO feed_data_npm_packages (name, sourcepkg, lics_json, origins_json, latest, versions_json, created_at, updated_at)
SELECT 'node-' || k || '-kit', 'git+https://code.invalid/node-' || k || '-kit.git', '["MIT"]', '["Robin <robin@code.invalid>"]',
       k % 7 || '.' || k % 11 || '.0', '["' || k % 7 || '.0.0", "' || k % 7 || '.' || k % 11 || '.0"]', t, t
  FROM zero, generate_series(1, 150) k;

INSERT INTO feed_data_gem_packages (name, id, latest, licenses_json, authors_json, versions_json, created_at, updated_at)
SELECT 'gem_' || k, 5000000000 + k, k % 5 || '.1', '["MIT"]', '["Kim"]', '["' || k % 5 || '.0", "' || k % 5 || '.1"]', t, t
  FROM zero, generate_series(1, 100) k;

INSERT INTO feed_group_data (feed, "group", id, created_at, updated_at, data)
SELECT 'packages', 'npm', 'node-' || k || '-kit', t, t, json_build_object('latest', k % 7 || '.0.0')::text
  FROM zero, generate_series(1, 40) k;

INSERT INTO images (id, user_id, state, anchore_type, size, created_at, last_modified, digest, distro_name, distro_version,
    like_distro, layers_json, docker_history_json, docker_data_json, familytree_json, layer_info_json, dockerfile_contents,
    dockerfile_mode)
SELECT id, owner, 'analyzed', 'undefined', 40000000 + pg_temp.pick('size' || i, 200000000), ts, ts + interval '17 minutes',
       digest, distro, version, likeness,
       (SELECT json_agg('sha256:' || pg_temp.sha('layer ' || CASE WHEN k < 4 THEN r ELSE 100 + i END || ' ' || k) ORDER BY k)::text
          FROM generate_series(0, 5) k),
       (SELECT json_agg(json_build_object('CreatedBy', 'RUN ' || pg_temp.words('run ' || r || k, 8), 'Size', k * 4096) ORDER BY k)::text
          FROM generate_series(0, 5) k),
       json_build_object('Architecture', 'amd64', 'RepoDigests', json_build_array(name || '@' || digest))::text,
       json_build_array(id)::text, NULL,
       E'FROM ' || distro || ':' || version || E'\nRUN install ' || pg_temp.words('docker ' || r, 12) || E'\nCMD ["/start"]\n', 'Guessed'
  FROM image WHERE status = 'analyzed';

INSERT INTO catalog_image ("imageDigest", "userId", created_at, last_updated, record_state_key, image_type, arch, distro,
    distro_version, dockerfile_mode, image_size, layer_count, annotations, analysis_status, image_status)
SELECT digest, owner, at, at + 1020, 'active', 'docker', 'amd64', distro, version, 'Guessed',
       40000000 + pg_temp.pick('size' || i, 200000000), 6, CASE WHEN i % 4 = 0 THEN '{"team": "shop"}' ELSE 'null' END, status, 'active'
  FROM image;

INSERT INTO catalog_image_docker ("imageDigest", "userId", registry, repo, tag, created_at, last_updated, record_state_key,
    digest, "imageId", dockerfile)
SELECT digest, owner, 'registry.shop.invalid:5000', name, tag, at, at + 1020, 'active', digest, id,
       encode(convert_to(E'FROM ' || distro || ':' || version || E'\n', 'UTF8'), 'base64')
  FROM image;

INSERT INTO image_packages (image_id, image_user_id, name, version, pkg_type, arch, distro_name, distro_version, like_distro,
    fullversion, release, origin, src_pkg, normalized_src_pkg, license, size, created_at, updated_at)
SELECT im.id, im.owner, pk.name, pk.version || '-' || pk.release, pkg_type, arch, distro, im.version, likeness,
       pk.version || '-' || pk.release, pk.release::text, 'The ' || pk.name || ' people <' || pk.name || '@packages.invalid>', pk.name,
       pk.name, license, 1000 + pg_temp.pick('bytes' || p, 4000000), ts, ts
  FROM installed JOIN image im USING (i) JOIN package pk USING (p);

INSERT INTO image_package_db_entries (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, file_path,
    is_config_file, digest, digest_algorithm, mode, size)
SELECT im.id, im.owner, pk.name, pk.version || '-' || pk.release, pkg_type, arch,
       (ARRAY['/usr/lib/', '/usr/share/doc/', '/etc/', '/usr/bin/'])[1 + k % 4] || pk.name || '/' || k, k % 4 = 2,
       md5(pk.name || k), 'md5', 33188, pg_temp.pick('file' || p || k, 90000)
  FROM installed JOIN image im USING (i) JOIN package pk USING (p), generate_series(0, 4) k;

INSERT INTO image_package_vulnerabilities (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch,
    vulnerability_id, vulnerability_namespace_name, created_at)
SELECT im.owner, im.id, pk.name, pk.version || '-' || pk.release, pkg_type, arch, f.id, f.namespace, ts
  FROM installed JOIN image im USING (i) JOIN package pk USING (p) JOIN finding f USING (p)
 WHERE f.namespace = im.distro || ':' || substring(im.version FROM '^3\.7|.*');

INSERT INTO image_npms (image_user_id, image_id, path_hash, path, name, origins_json, source_pkg, licenses_json, versions_json, latest)
SELECT owner, id, pg_temp.sha('npm' || k), '/app/node_modules/node-' || k || '-kit', 'node-' || k || '-kit',
       '["Robin"]', 'git+https://code.invalid/node-' || k || '-kit.git', '["MIT"]', '["' || k % 7 || '.0.0"]', k % 7 || '.1.0'
  FROM image, generate_series(1, 150, 11) k WHERE status = 'analyzed' AND r IN (0, 1);

INSERT INTO image_gems (image_user_id, image_id, path_hash, path, name, files_json, origins_json, source_pkg, licenses_json,
    versions_json, latest)
SELECT owner, id, pg_temp.sha('gem' || k), '/usr/lib/ruby/gems/gem_' || k, 'gem_' || k, '["lib/gem_' || k || '.rb"]', '["Kim"]', NULL,
       '["MIT"]', '["' || k % 5 || '.0"]', k % 5 || '.1'
  FROM image, generate_series(1, 100, 13) k WHERE status = 'analyzed' AND r = 2;

INSERT INTO image_fs_analysis_dump (image_id, image_user_id, compressed_content_hash, compressed_file_json, total_entry_count,
    file_count, directory_count, non_packaged_count, suid_count, compression_algorithm, created_at, updated_at)
SELECT id, owner, pg_temp.sha('dump' || i), (SELECT string_agg(sha256(convert_to(i || ' ' || k, 'UTF8')), ''::bytea ORDER BY k)
           FROM generate_series(1, 60) k), 9000 + i, 8000 + i, 1000, 40, 7, 'gzip', ts, ts
  FROM image WHERE status = 'analyzed';

INSERT INTO image_analysis_artifacts (image_id, image_user_id, analyzer_id, analyzer_artifact, analyzer_type, artifact_key,
    str_value, json_value, binary_value, created_at, last_modified)
SELECT id, owner, 'secret_search', 'regexp_matches.all', 'base', '/srv/app/config' || k, NULL, '{"line": ' || k || '}', NULL::bytea, ts, ts
  FROM image, generate_series(1, 3) k WHERE status = 'analyzed'
UNION ALL
SELECT id, owner, 'file_list', 'files.all', 'base', '/etc/motd', E'welcome\tto ' || name || E'\n\\o/', NULL, '\x00ff10', ts, ts
  FROM image WHERE status = 'analyzed';

INSERT INTO archive_document (bucket, "archiveId", "userId", "documentName", created_at, last_updated, record_state_key, jsondata)
SELECT b, CASE b WHEN 'policy_bundles' THEN owner || '-bundle' ELSE digest END, owner, b || '.json', min(at), max(at), 'active',
       json_build_object('document', json_build_object('kind', b, 'of', min(name), 'note', 'größe ≤ 10 µm',
           'text', pg_temp.words(b || min(i), 60)))::text
  FROM image, unnest(ARRAY['analysis_data', 'manifest_data', 'policy_evaluations', 'policy_bundles']) b WHERE status = 'analyzed'
 GROUP BY 1, 2, 3, 4;

INSERT INTO archive_metadata (bucket, "archiveId", "userId", "documentName", content_url, is_compressed, digest, size,
    created_at, last_updated, record_state_key)
SELECT bucket, "archiveId", "userId", "documentName", 'db://' || "userId" || '/' || bucket || '/' || "archiveId", false,
       md5(jsondata), length(jsondata), created_at, last_updated, 'active'
  FROM archive_document;

INSERT INTO object_storage ("userId", bucket, key, version, object_metadata, content, created_at, last_updated)
SELECT owner, 'image_content_data', digest, '', '{"compression": "zlib"}',
       (SELECT string_agg(sha256(convert_to('object ' || i || ' ' || k, 'UTF8')), ''::bytea ORDER BY k) FROM generate_series(1, 40) k),
       at, at
  FROM image WHERE status = 'analyzed';

INSERT INTO policy_bundle ("policyId", "userId", created_at, last_updated, record_state_key, active, policy_source)
SELECT u || '-bundle', u, s, s, 'active', true, 'local' FROM zero, unnest(ARRAY['admin', 'dev']) u;

INSERT INTO policy_eval ("userId", "imageDigest", tag, "policyId", final_action, created_at, last_updated, record_state_key,
    "evalId", policyeval)
SELECT owner, digest, 'registry.shop.invalid:5000/' || name || ':' || tag, owner || '-bundle',
       (ARRAY['pass', 'fail'])[1 + (i + k) % 2], at + k * 3600, at + k * 3600, 'active', md5(i || ' ' || k), 'archive_document'
  FROM image, generate_series(1, 4) k WHERE status = 'analyzed';

INSERT INTO subscriptions (subscription_id, "userId", subscription_type, subscription_key, created_at, last_updated,
    record_state_key, active)
SELECT md5(owner || name || k), owner, k, 'registry.shop.invalid:5000/' || name || ':' || max(tag), min(at), min(at), 'active', k = 'tag_update'
  FROM image, unnest(ARRAY['tag_update', 'policy_eval', 'vuln_update', 'analysis_update']) k GROUP BY owner, name, k;

INSERT INTO eventlog ("hostId", service_name, message, level, message_ts, created_at, last_updated, record_state_key, detail)
SELECT 'engine-1', (ARRAY['analyzer', 'catalog', 'policy_engine'])[1 + k % 3], pg_temp.words('event ' || k, 9) || ' #' || k,
       (ARRAY['INFO', 'WARN', 'ERROR'])[1 + k % 3], s + k * 611, s + k * 611, s + k * 611, 'active', 'code ' || k
  FROM zero, generate_series(1, 120) k;

INSERT INTO queuemeta ("queueName", "userId", created_at, last_updated, record_state_key, qlen, max_outstanding_messages, visibility_timeout)
SELECT q, 'anchore-system', s, s, 'active', 0, CASE q WHEN 'watcher_tasks' THEN 1 ELSE 0 END, 3600
  FROM zero, unnest(ARRAY['images_to_analyze', 'error_events', 'watcher_tasks', 'archive_tasks']) q;

INSERT INTO queue ("userId", "queueName", created_at, last_updated, record_state_key, popped, priority, data, "dataId", tries, max_tries)
SELECT 'anchore-system', 'images_to_analyze', at, at, 'active', false, false,
       json_build_object('imageDigest', digest, 'userId', owner)::text, md5(digest), 0, 0
  FROM image WHERE status = 'not_analyzed' ORDER BY i;

INSERT INTO queues ("queueId", "userId", "dataId", created_at, last_updated, record_state_key, data, tries, max_tries)
SELECT 'watcher', 'anchore-system', 'task-' || k, s, s, 'active', '{}', 0, 3 FROM zero, generate_series(1, 5) k;

INSERT INTO leases (id, held_by, expires_at, epoch)
SELECT l, 'engine-1', t + interval '30 hours', k FROM zero, (VALUES ('catalog_duty', 311), ('feed_sync', 12)) v(l, k);

INSERT INTO tasks (state, last_state, created_at, started_at, ended_at, last_updated, executor_id, type)
SELECT 'complete', 'running', t + k * interval '6 hours', t + k * interval '6 hours', t + k * interval '6 hours 2 minutes', t + k * interval '6 hours 2 minutes',
       'engine-1', 'archivemigrationtask'
  FROM zero, generate_series(1, 3) k;

INSERT INTO archive_migration_tasks (id, migrate_from_driver, migrate_to_driver, archive_documents_to_migrate,
    archive_documents_migrated, online_migration)
SELECT id, 'db', 'db2', 60, 60, false FROM tasks;

COMMIT;
SET client_min_messages = error; -- catalogs that only a superuser may vacuum
VACUUM (ANALYZE);
