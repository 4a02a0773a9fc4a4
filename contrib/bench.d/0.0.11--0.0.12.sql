-- Rows for a database of version 0.0.11. At scale 1 (psql variable f):
-- 500 images with 500,000 packages, 100,000 events.

INSERT INTO images (id,user_id,state,anchore_type,size,created_at,last_modified,digest,distro_name,distro_version,like_distro,layers_json,docker_history_json,docker_data_json,familytree_json,layer_info_json,dockerfile_contents,dockerfile_mode)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 20), 'analyzed', 'undefined', 100000000+i, timestamp '2018-01-01' + i*interval '1 hour', timestamp '2018-01-02' + i*interval '1 hour', 'sha256:'||md5('dg'||i)||md5('gd'||i), 'centos', '7', 'rhel,fedora', '["l1", "l2"]', '[]', '{"Id": "'||md5('dd'||i)||'"}', '[]', '[]', 'FROM x', 'Guessed'
FROM generate_series(1,(500*:f)::int) i;
INSERT INTO image_packages (image_id,image_user_id,name,version,pkg_type,arch,pkg_path,distro_name,distro_version,like_distro,fullversion,release,origin,src_pkg,normalized_src_pkg,license,size,created_at,updated_at)
SELECT md5('i'||i)||md5('j'||i), 'user'||(i % 20), 'package-'||p, '1.'||((i+p) % 10)||'.'||p||'-3.el7', 'rpm', 'x86_64', 'pkgdb', 'centos', '7', 'rhel,fedora', '1.'||((i+p) % 10)||'.'||p||'-3.el7', '3.el7', 'CentOS', 'package-'||p||'-1.src.rpm', 'package-'||p, 'GPLv2+ and MIT', 1000*p, timestamp '2018-01-01' + i*interval '1 hour', timestamp '2018-01-02' + i*interval '1 hour'
FROM generate_series(1,(500*:f)::int) i, generate_series(1,1000) p;
INSERT INTO events (generated_uuid,created_at,resource_user_id,resource_id,resource_type,source_servicename,source_base_url,source_hostid,source_request_id,type,level,message,details,"timestamp")
SELECT md5('e'||e), timestamp '2019-01-01' + e*interval '1 minute', 'user'||(e % 20), 'docker.io/repo'||(e % 500), 'image_tag', 'catalog', 'http://catalog:8228', 'host'||(e % 3), NULL, (ARRAY['tag_policy_evaluation_updated','tag_update','vulnerability_update','service_orphaned'])[1+e % 4], 'INFO', 'message '||md5('m'||e), '{"a": '||e||'}', timestamp '2019-01-01' + e*interval '1 minute'
FROM generate_series(1,(100000*:f)::int) e;
