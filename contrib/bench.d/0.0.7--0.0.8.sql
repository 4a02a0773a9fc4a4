-- Rows for a database of version 0.0.7. At scale 1 (psql variable f):
-- 500 images with 100,000 packages, a million package files, 100,000 findings about 5,000 vulnerabilities,
-- 60,000 npms and 20,000 gems; 200 users. The vulnerabilities are as many whatever the scale is.

INSERT INTO images (id,user_id,state,anchore_type,size,created_at,last_modified,digest,distro_name,distro_version,like_distro,layers_json,docker_history_json,docker_data_json,familytree_json,layer_info_json,dockerfile_contents,dockerfile_mode)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 20), 'analyzed', 'undefined', 100000000+i, timestamp '2018-01-01' + i*interval '1 hour', timestamp '2018-01-02' + i*interval '1 hour', 'sha256:'||md5('dg'||i)||md5('gd'||i), 'centos', '7', 'rhel,fedora', '["l1", "l2"]', '[]', '{"Id": "'||md5('dd'||i)||'"}', '[]', '[]', 'FROM x', 'Guessed'
FROM generate_series(1,(500*:f)::int) i;
INSERT INTO catalog_image ("imageDigest","userId",created_at,last_updated,analyzed_at,record_state_key,image_type,arch,distro,distro_version,dockerfile_mode,image_size,layer_count,analysis_status,image_status)
SELECT 'sha256:'||md5('dg'||i)||md5('gd'||i), 'user'||(i % 20), 1500000000+i, 1500100000+i, 1500100000+i, 'active', 'docker', 'amd64', 'centos', '7', 'Guessed', 100000000+i, 2, 'analyzed', 'active' FROM generate_series(1,(500*:f)::int) i;
INSERT INTO image_packages (image_id,image_user_id,name,version,pkg_type,arch,distro_name,distro_version,like_distro,fullversion,release,origin,src_pkg,normalized_src_pkg,license,size,created_at,updated_at)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 20), 'package-'||p, '1.'||((i+p) % 10)||'.'||p||'-3.el7', 'rpm', 'x86_64', 'centos', '7', 'rhel,fedora', '1.'||((i+p) % 10)||'.'||p||'-3.el7', '3.el7', 'CentOS', 'package-'||p||'-1.src.rpm', 'package-'||p, 'GPLv2+ and MIT', 1000*p, timestamp '2018-01-01' + i*interval '1 hour', timestamp '2018-01-02' + i*interval '1 hour'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,200) p;
INSERT INTO image_package_db_entries (image_id,image_user_id,pkg_name,pkg_version,pkg_type,pkg_arch,file_path,is_config_file,digest,digest_algorithm,file_group_name,file_user_name,mode,size)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 20), 'package-'||p, '1.'||((i+p) % 10)||'.'||p||'-3.el7', 'rpm', 'x86_64', '/usr/lib64/package-'||p||'/file-'||e||'.so', e = 1, md5(p||'/'||e)||md5(e||'/'||p), 'sha256', 'root', 'root', 33188, 100*e
FROM generate_series(1,(500*:f)::int) i, generate_series(1,200) p, generate_series(1,10) e;
INSERT INTO feed_data_vulnerabilities (id,namespace_name,severity,description,link,metadata_json,cvss2_vectors,cvss2_score,created_at,updated_at)
SELECT 'RHSA-2018:'||v, 'centos:7', (ARRAY['Unknown','Negligible','Low','Medium','High','Critical'])[1+v % 6]::vulnerability_severities, 'description of '||md5('v'||v), 'https://example.com/'||v, '{"CVE": []}', NULL, NULL, timestamp '2018-01-01', timestamp '2018-03-01'
FROM generate_series(1,5000) v;
INSERT INTO image_package_vulnerabilities (pkg_user_id,pkg_image_id,pkg_name,pkg_version,pkg_type,pkg_arch,vulnerability_id,vulnerability_namespace_name,created_at)
SELECT 'user'||(i % 20), md5('i'||i)||md5('j'||i), 'package-'||p, '1.'||((i+p) % 10)||'.'||p||'-3.el7', 'rpm', 'x86_64', 'RHSA-2018:'||(1 + (p*25 + k) % 5000), 'centos:7', timestamp '2018-04-01'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,100) p, generate_series(1,2) k;
INSERT INTO image_npms (image_user_id,image_id,path_hash,path,name,origins_json,source_pkg,licenses_json,versions_json,latest)
SELECT 'user'||(i % 20), md5('i'||i)||md5('j'||i), md5('nh'||i||'/'||n), '/srv/app'||(n % 7)||'/node_modules/module-'||n||'/package.json', 'module-'||n, '["Author '||n||' <a'||n||'@example.com>"]', 'module-'||n, CASE WHEN n % 3 = 0 THEN '["MIT", "Apache-2.0"]' ELSE '["MIT"]' END, CASE WHEN n % 20 = 0 THEN '[]' ELSE '["'||(n % 9)||'.'||(i % 10)||'.1"]' END, '9.9.9'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,120) n;
INSERT INTO image_gems (image_user_id,image_id,path_hash,path,name,files_json,origins_json,source_pkg,licenses_json,versions_json,latest)
SELECT 'user'||(i % 20), md5('i'||i)||md5('j'||i), md5('gh'||i||'/'||n), '/usr/share/gems/specifications/gem-'||n||'.gemspec', 'gem-'||n, '["lib/gem.rb", "README"]', '["Author '||n||'"]', 'https://example.com/gem-'||n, '["Ruby"]', CASE WHEN n % 20 = 0 THEN '[]' ELSE '["'||(n % 9)||'.'||(i % 10)||'.2"]' END, '9.9.9'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,40) n;
INSERT INTO users ("userId",created_at,last_updated,record_state_key,record_state_val,password,email,acls,active)
SELECT CASE u WHEN 1 THEN 'admin' WHEN 2 THEN 'anchore-system' ELSE 'user'||(u-3) END, 1500000000, 1500000001, 'active', NULL, 'pw-'||md5('pw'||u), 'u'||u||'@example.com', NULL, u % 10 <> 0
FROM generate_series(1,(200*:f)::int) u;
