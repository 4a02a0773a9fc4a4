-- Rows for a database of version 0.0.12. At scale 1 (psql variable f):
-- 50 images of CentOS and RHEL with 400 packages each; the groups rhel:5 to rhel:8 and centos:5 to centos:8 with
-- 20,000 vulnerabilities and 60,000 fixed artifacts together; some 30,000 findings of the centos groups. Images
-- and vulnerabilities both grow with the scale, and so what is matched grows with its square.

INSERT INTO feeds (name,description,access_tier,last_full_sync,last_update,created_at) VALUES
 ('vulnerabilities','d',0,'2020-01-01','2020-01-02','2019-01-01'),('packages','d',0,NULL,'2020-01-02','2019-01-01');
INSERT INTO feed_groups (name,feed_name,description,access_tier,last_sync,created_at)
SELECT d||':'||v, 'vulnerabilities', 'd', 0, timestamp '2020-01-03', timestamp '2019-01-01' FROM unnest(ARRAY['rhel','centos']) d, generate_series(5,8) v
UNION ALL SELECT g, 'packages', 'd', 0, timestamp '2020-01-03', timestamp '2019-01-01' FROM unnest(ARRAY['gem','npm']) g;
INSERT INTO distro_mappings (from_distro,to_distro,flavor,created_at)
SELECT f, t, fl, timestamp '2019-01-01' FROM (VALUES ('centos','centos','RHEL'),('rhel','centos','RHEL'),('fedora','centos','RHEL'),('debian','debian','DEB'),('ubuntu','ubuntu','DEB'),('alpine','alpine','ALPINE'),('ol','ol','RHEL'),('busybox','busybox','BUSYB'),('amzn','amzn','RHEL')) x(f,t,fl);
-- image i: centos when i is even, rhel when odd; version 5 + (i/2) % 4
INSERT INTO images (id,user_id,state,anchore_type,size,created_at,last_modified,digest,distro_name,distro_version,like_distro,layers_json,docker_history_json,docker_data_json,familytree_json,layer_info_json,dockerfile_contents,dockerfile_mode)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 5), 'analyzed', 'undefined', 100000000+i, timestamp '2020-01-01', timestamp '2020-01-02', 'sha256:'||md5('dg'||i)||md5('gd'||i), CASE WHEN i % 2 = 0 THEN 'centos' ELSE 'rhel' END, CASE WHEN i % 2 = 0 THEN (5+(i/2) % 4)::text ELSE (5+(i/2) % 4)||'.'||(i % 7) END, 'rhel,fedora', '[]', '[]', '{}', '[]', '[]', 'FROM x', 'Guessed'
FROM generate_series(1,(50*:f)::int) i;
-- package k of an image: number n out of 1000; 2 of 5 are sub-packages whose source package is package-n
INSERT INTO image_packages (image_id,image_user_id,name,version,pkg_type,arch,pkg_path,pkg_path_hash,distro_name,distro_version,like_distro,fullversion,release,origin,src_pkg,normalized_src_pkg,metadata_json,license,size,created_at,updated_at)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 5), nm, ver, 'rpm', 'x86_64', 'pkgdb', NULL, CASE WHEN i % 2 = 0 THEN 'centos' ELSE 'rhel' END, CASE WHEN i % 2 = 0 THEN (5+(i/2) % 4)::text ELSE (5+(i/2) % 4)||'.'||(i % 7) END, 'rhel,fedora',
       ver, split_part(ver,'-',2), 'CentOS', 'package-'||n||'-'||ver||'.src.rpm', 'package-'||n, NULL, 'GPLv2+', 1000*k, timestamp '2020-01-01', timestamp '2020-01-02'
FROM (SELECT i, k, (i*13 + k*5) % 1000 AS n FROM generate_series(1,(50*:f)::int) i, generate_series(1,400) k) a
CROSS JOIN LATERAL (SELECT 'package-'||n||CASE WHEN n % 5 < 2 AND (k > 200 OR n % 2 = 0) THEN '-libs' ELSE '' END||CASE WHEN k > 200 THEN '-extra' ELSE '' END AS nm,
       CASE WHEN n % 10 = 0 THEN '1:' ELSE '' END||(1 + n % 4)||'.'||((n*7+i) % 12)||'.'||(n % 3)||'-'||(1+(i+n) % 30)||'.el'||(5+(i/2) % 4)||CASE WHEN n % 6 = 0 THEN '_'||(i % 5) ELSE '' END AS ver) b;
-- 2,500 vulnerabilities in each of the 8 groups, 3 fixed artifacts each
INSERT INTO feed_data_vulnerabilities (id,namespace_name,severity,description,link,metadata_json,cvss2_vectors,cvss2_score,created_at,updated_at)
SELECT CASE d WHEN 'rhel' THEN 'CVE-2019-'||(10000*r+v) ELSE 'RHSA-2019:'||(10000*r+v) END, d||':'||r, (ARRAY['Unknown','Negligible','Low','Medium','High','Critical'])[1+v % 6]::vulnerability_severities,
       'description of '||md5(d||r||'/'||v), 'https://example.com/'||v, '{"CVE": []}', NULL, NULL, timestamp '2020-01-01', timestamp '2020-01-02'
FROM unnest(ARRAY['rhel','centos']) d, generate_series(5,8) r, generate_series(1,(2500*:f)::int) v;
INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id,namespace_name,name,version,version_format,epochless_version,include_later_versions,vendor_no_advisory,fix_metadata,created_at,updated_at,fix_observed_at)
SELECT CASE d WHEN 'rhel' THEN 'CVE-2019-'||(10000*r+v) ELSE 'RHSA-2019:'||(10000*r+v) END, d||':'||r, 'package-'||n, ver, 'RPM', regexp_replace(ver, '^[0-9]+:', ''), true, false, NULL, timestamp '2020-01-01', timestamp '2020-01-02', timestamp '2020-01-02'
FROM (SELECT d, r, v, (v*11 + a*331) % 1000 AS n FROM unnest(ARRAY['rhel','centos']) d, generate_series(5,8) r, generate_series(1,(2500*:f)::int) v, generate_series(0,2) a) x
CROSS JOIN LATERAL (SELECT CASE WHEN v % 25 = 0 AND d = 'rhel' THEN 'None' ELSE CASE WHEN n % 10 = 0 THEN '1:' ELSE '0:' END||(1 + n % 4)||'.'||((n*7+v) % 12)||'.'||(n % 3)||'-'||(1+v % 30)||'.el'||r||CASE WHEN v % 6 = 0 THEN '_'||(v % 5) ELSE '' END END AS ver) y;
-- old matches against centos:*: one or two RHSA for the first packages of every image
INSERT INTO image_package_vulnerabilities (pkg_user_id,pkg_image_id,pkg_name,pkg_version,pkg_type,pkg_arch,pkg_path,vulnerability_id,vulnerability_namespace_name,created_at)
SELECT image_user_id, image_id, name, version, pkg_type, arch, pkg_path, vulnerability_id, namespace_name, timestamp '2020-01-05'
FROM (SELECT p.*, a.vulnerability_id, a.namespace_name,
             row_number() OVER (PARTITION BY p.image_user_id, p.image_id, p.name, p.version ORDER BY a.vulnerability_id) AS rn
      FROM image_packages p JOIN (SELECT DISTINCT name, vulnerability_id, namespace_name FROM feed_data_vulnerabilities_fixed_artifacts) a
        ON a.name = p.normalized_src_pkg AND a.namespace_name = 'centos:'||split_part(p.distro_version,'.',1)
      WHERE ascii(right(md5(p.name),1)) % 4 <> 0) x
WHERE rn <= 2;
