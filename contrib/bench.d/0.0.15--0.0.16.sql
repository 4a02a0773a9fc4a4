-- Rows for a database of version 0.0.15. At scale 1 (psql variable f):
-- 10,000 vulnerabilities in the groups github:os and github:unknown, which the edge deletes, with 30,000 fixed and
-- 10,000 vulnerable artifacts and 20,000 findings, and as many in github:npm and github:gem, which stay; 100
-- images with 20,000 npm packages.

INSERT INTO feeds (name,description,access_tier,last_full_sync,last_update,created_at,enabled) VALUES ('github','d',0,NULL,NULL,'2021-01-01',true);
INSERT INTO feed_groups (name,feed_name,description,access_tier,last_sync,created_at,last_update,enabled,count)
SELECT g, 'github', 'd', 0, timestamp '2021-01-03', timestamp '2021-01-01', NULL, true, 5000 FROM unnest(ARRAY['github:os','github:unknown','github:npm','github:gem']) g;
INSERT INTO images (id,user_id,state,anchore_type,size,created_at,last_modified,digest,distro_name,distro_version,like_distro,layers_json,docker_history_json,docker_data_json,familytree_json,layer_info_json,dockerfile_contents,dockerfile_mode)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 5), 'analyzed', 'undefined', 100000000+i, timestamp '2020-01-01', timestamp '2020-01-02', 'sha256:'||md5('dg'||i)||md5('gd'||i), 'centos', '7', 'rhel,fedora', '[]', '[]', '{}', '[]', '[]', 'FROM x', 'Guessed'
FROM generate_series(1,(100*:f)::int) i;
INSERT INTO image_packages (image_id,image_user_id,name,version,pkg_type,arch,pkg_path,pkg_path_hash,distro_name,distro_version,like_distro,fullversion,release,origin,src_pkg,normalized_src_pkg,metadata_json,license,size,created_at,updated_at)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 5), 'module-'||p, '1.'||((i+p) % 10)||'.'||p, 'npm', 'N/A', '/srv/node_modules/module-'||p||'/package.json', NULL, 'npm', 'N/A', 'npm', '1.'||((i+p) % 10)||'.'||p, '', 'a', 'module-'||p, 'module-'||p, NULL, 'MIT', NULL, timestamp '2021-01-01', timestamp '2021-01-02'
FROM generate_series(1,(100*:f)::int) i, generate_series(1,200) p;
INSERT INTO feed_data_vulnerabilities (id,namespace_name,severity,description,link,metadata_json,cvss2_vectors,cvss2_score,created_at,updated_at)
SELECT 'GHSA-'||left(md5(v::text),4)||'-'||v, ns, (ARRAY['Unknown','Negligible','Low','Medium','High','Critical'])[1+v % 6]::vulnerability_severities, 'description of '||md5(ns||v), 'https://example.com/'||v, '{"CVE": ["CVE-2020-'||v||'"]}', NULL, NULL, timestamp '2021-01-01', timestamp '2021-01-02'
FROM unnest(ARRAY['github:os','github:unknown','github:npm','github:gem']) ns, generate_series(1,(5000*:f)::int) v;
INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id,namespace_name,name,version,version_format,epochless_version,include_later_versions,vendor_no_advisory,fix_metadata,created_at,updated_at,fix_observed_at)
SELECT 'GHSA-'||left(md5(v::text),4)||'-'||v, ns, 'module-'||((v*3+a) % 2000), '< 1.'||(v % 9)||'.'||a, 'semver', '1.'||(v % 9)||'.'||a, true, false, '{"first_patched_version": "1.'||(v % 9)||'.'||a||'"}', timestamp '2021-01-01', timestamp '2021-01-02', timestamp '2021-01-02'
FROM unnest(ARRAY['github:os','github:unknown','github:npm','github:gem']) ns, generate_series(1,(5000*:f)::int) v, generate_series(0,2) a;
INSERT INTO feed_data_vulnerabilities_vulnerable_artifacts (vulnerability_id,namespace_name,name,version,version_format,epochless_version,include_previous_versions,created_at,updated_at)
SELECT 'GHSA-'||left(md5(v::text),4)||'-'||v, ns, 'module-'||((v*3) % 2000), '1.0.'||(v % 9), 'semver', '1.0.'||(v % 9), true, timestamp '2021-01-01', timestamp '2021-01-02'
FROM unnest(ARRAY['github:os','github:unknown','github:npm','github:gem']) ns, generate_series(1,(5000*:f)::int) v;
-- (vulnerability_id is part of the key, the namespace is not: the four namespaces take different vulnerability numbers)
INSERT INTO image_package_vulnerabilities (pkg_user_id,pkg_image_id,pkg_name,pkg_version,pkg_type,pkg_arch,pkg_path,vulnerability_id,vulnerability_namespace_name,created_at)
SELECT 'user'||(i % 5), md5('i'||i)||md5('j'||i), 'module-'||p, '1.'||((i+p) % 10)||'.'||p, 'npm', 'N/A', '/srv/node_modules/module-'||p||'/package.json', 'GHSA-'||left(md5(v::text),4)||'-'||v, (ARRAY['github:os','github:unknown','github:npm','github:gem'])[1 + k % 4], timestamp '2021-02-01'
FROM (SELECT i, p, k, 1 + (p*4 + k) % (5000*:f)::int AS v FROM generate_series(1,(100*:f)::int) i, generate_series(1,100) p, generate_series(0,3) k) x;
