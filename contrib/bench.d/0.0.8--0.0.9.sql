-- Rows for a database of version 0.0.8. At scale 1 (psql variable f):
-- 500 images with 180,000 packages, 60,000 npms, 20,000 gems and 100,000 CPEs; 100,000 CPEs in the feeds.

INSERT INTO images (id,user_id,state,anchore_type,size,created_at,last_modified,digest,distro_name,distro_version,like_distro,layers_json,docker_history_json,docker_data_json,familytree_json,layer_info_json,dockerfile_contents,dockerfile_mode)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 20), 'analyzed', 'undefined', 100000000+i, timestamp '2018-01-01' + i*interval '1 hour', timestamp '2018-01-02' + i*interval '1 hour', 'sha256:'||md5('dg'||i)||md5('gd'||i), 'centos', '7', 'rhel,fedora', '["l1", "l2"]', '[]', '{"Id": "'||md5('dd'||i)||'"}', '[]', '[]', 'FROM x', 'Guessed'
FROM generate_series(1,(500*:f)::int) i;
INSERT INTO image_packages (image_id,image_user_id,name,version,pkg_type,arch,pkg_path,distro_name,distro_version,like_distro,fullversion,release,origin,src_pkg,normalized_src_pkg,license,size,created_at,updated_at)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 20), 'package-'||p, '1.'||((i+p) % 10)||'.'||p||'-3.el7', 'rpm', 'x86_64', 'pkgdb', 'centos', '7', 'rhel,fedora', '1.'||((i+p) % 10)||'.'||p||'-3.el7', '3.el7', 'CentOS', 'package-'||p||'-1.src.rpm', 'package-'||p, 'GPLv2+ and MIT', 1000*p, timestamp '2018-01-01' + i*interval '1 hour', timestamp '2018-01-02' + i*interval '1 hour'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,360) p;
INSERT INTO image_npms (image_user_id,image_id,path_hash,path,name,origins_json,source_pkg,licenses_json,versions_json,latest)
SELECT 'user'||(i % 20), md5('i'||i)||md5('j'||i), md5('nh'||i||'/'||n), '/srv/app'||(n % 7)||'/node_modules/module-'||n||'/package.json', 'module-'||n, '["Author '||n||'"]', 'module-'||n, '["MIT"]', '["'||(n % 9)||'.'||(i % 10)||'.1"]', '9.9.9'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,120) n;
INSERT INTO image_gems (image_user_id,image_id,path_hash,path,name,files_json,origins_json,source_pkg,licenses_json,versions_json,latest)
SELECT 'user'||(i % 20), md5('i'||i)||md5('j'||i), md5('gh'||i||'/'||n), '/usr/share/gems/specifications/gem-'||n||'.gemspec', 'gem-'||n, '["lib/gem.rb"]', '["Author '||n||'"]', 'gem-'||n, '["Ruby"]', '["'||(n % 9)||'.'||(i % 10)||'.2"]', '9.9.9'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,40) n;
INSERT INTO image_cpes (image_user_id,image_id,pkg_type,pkg_path,cpetype,vendor,name,version,update,meta)
SELECT 'user'||(i % 20), md5('i'||i)||md5('j'||i), 'npm', '/srv/app/module-'||n, '/a', 'vendor-'||n, 'module-'||n, (n % 9)||'.'||(i % 10)||'.1', '-', '-'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,200) n;
INSERT INTO feed_data_nvd_vulnerabilities (name,namespace_name,severity,vulnerable_configuration,vulnerable_software,summary,cvss,created_at,updated_at)
SELECT 'CVE-2018-'||v, 'nvddb:2018', 'High', NULL, NULL, 'summary '||md5('n'||v), NULL, timestamp '2018-01-01', timestamp '2018-03-01' FROM generate_series(1,(10000*:f)::int) v;
INSERT INTO feed_data_cpe_vulnerabilities (feed_name,namespace_name,vulnerability_id,severity,cpetype,vendor,name,version,update,meta,link,created_at,updated_at)
SELECT 'nvd', 'nvddb:2018', 'CVE-2018-'||v, 'High', '/a', 'vendor-'||k, 'module-'||((v*7+k) % 300), (v % 9)||'.'||k||'.1', '-', '-', 'https://example.com/'||v, timestamp '2018-01-01', timestamp '2018-03-01'
FROM generate_series(1,(10000*:f)::int) v, generate_series(1,10) k;
