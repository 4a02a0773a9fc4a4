-- The database of an engine as its release 1.1.0 has it (database version 0.0.16; the tables that hold the rows), for
-- `contrib/bench snapshots` and `growth`. Scale 1: 1000 images, 5.4 million rows in image_package_db_entries, which is
-- the dominant table; 3.1 GB as COPY text. There are four images at least, and a hundred vulnerabilities.
--
-- It is given psql's variable f, the scale. Nothing is random: what looks so comes from the md5 of the row's identity,
-- and the same f makes the same rows in the same order of the heap. Images share packages, files and layers as they do
-- in reality, by base image and by repository; the bytea columns have no redundancy, as compressed content has none.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET synchronize_seqscans = off;
SET timezone = 'UTC';
SET search_path = public;

CREATE TYPE archive_transitions AS ENUM ('archive','delete');
CREATE SEQUENCE image_npms_seq_id_seq;
CREATE SEQUENCE queue_queueid_seq;

CREATE TABLE anchore (service_version varchar NOT NULL, db_version varchar NOT NULL, created_at int, last_updated int,
  record_state_key varchar, record_state_val varchar, scanner_version varchar);
CREATE TABLE feeds (name varchar NOT NULL, description varchar, access_tier int, last_full_sync timestamp, last_update timestamp, created_at timestamp, enabled boolean);
CREATE TABLE feed_groups (name varchar NOT NULL, feed_name varchar NOT NULL, description varchar, access_tier int, last_sync timestamp, created_at timestamp, last_update timestamp, enabled boolean, count bigint);
CREATE TABLE images (id varchar NOT NULL, user_id varchar NOT NULL, state varchar, anchore_type varchar, size bigint, created_at timestamp, last_modified timestamp,
  digest varchar, distro_name varchar, distro_version varchar, like_distro varchar, layers_json text, docker_history_json text, docker_data_json text,
  familytree_json text, layer_info_json text, dockerfile_contents text, dockerfile_mode varchar);
CREATE TABLE image_packages (image_id varchar NOT NULL, image_user_id varchar NOT NULL, name varchar NOT NULL, version varchar NOT NULL, pkg_type varchar NOT NULL,
  arch varchar NOT NULL, pkg_path varchar NOT NULL, pkg_path_hash varchar, distro_name varchar, distro_version varchar, like_distro varchar, fullversion varchar,
  release varchar, origin varchar, src_pkg varchar, normalized_src_pkg varchar, metadata_json text, license varchar, size bigint, created_at timestamp, updated_at timestamp);
CREATE TABLE image_package_db_entries (image_id varchar NOT NULL, image_user_id varchar NOT NULL, pkg_name varchar NOT NULL, pkg_version varchar NOT NULL,
  pkg_type varchar NOT NULL, pkg_arch varchar NOT NULL, pkg_path varchar NOT NULL, file_path varchar NOT NULL, is_config_file boolean, digest varchar,
  digest_algorithm varchar, file_group_name varchar, file_user_name varchar, mode int, size int);
CREATE TABLE image_package_vulnerabilities (pkg_user_id varchar NOT NULL, pkg_image_id varchar NOT NULL, pkg_name varchar NOT NULL, pkg_version varchar NOT NULL,
  pkg_type varchar NOT NULL, pkg_arch varchar NOT NULL, pkg_path varchar NOT NULL, vulnerability_id varchar NOT NULL, vulnerability_namespace_name varchar, created_at timestamp);
CREATE TABLE image_npms (image_user_id varchar NOT NULL, image_id varchar NOT NULL, path_hash varchar NOT NULL, path varchar, name varchar, origins_json text, source_pkg varchar,
  licenses_json text, versions_json text, latest varchar, seq_id int DEFAULT nextval('image_npms_seq_id_seq'));
CREATE TABLE image_cpes (image_user_id varchar NOT NULL, image_id varchar NOT NULL, pkg_type varchar NOT NULL, pkg_path varchar NOT NULL, cpetype varchar NOT NULL, vendor varchar NOT NULL,
  name varchar NOT NULL, version varchar NOT NULL, "update" varchar NOT NULL, meta varchar NOT NULL);
CREATE TABLE image_fs_analysis_dump (image_id varchar NOT NULL, image_user_id varchar NOT NULL, compressed_content_hash varchar, compressed_file_json bytea NOT NULL,
  total_entry_count int, file_count int, directory_count int, non_packaged_count int, suid_count int, compression_algorithm varchar, created_at timestamp, updated_at timestamp);
CREATE TABLE image_vulnerabilities_reports (account_id varchar NOT NULL, image_digest varchar NOT NULL, report_key varchar, generated_at timestamp, result jsonb, created_at timestamp, last_modified timestamp);
CREATE TABLE feed_data_vulnerabilities (id varchar NOT NULL, namespace_name varchar NOT NULL, severity varchar, description text, link varchar, metadata_json text,
  cvss2_vectors varchar, cvss2_score float8, created_at timestamp, updated_at timestamp);
CREATE TABLE feed_data_vulnerabilities_fixed_artifacts (vulnerability_id varchar NOT NULL, namespace_name varchar NOT NULL, name varchar NOT NULL, version varchar NOT NULL,
  version_format varchar, epochless_version varchar, include_later_versions boolean, vendor_no_advisory boolean, fix_metadata text, created_at timestamp, updated_at timestamp, fix_observed_at timestamp);
CREATE TABLE feed_data_vulnerabilities_vulnerable_artifacts (vulnerability_id varchar NOT NULL, namespace_name varchar NOT NULL, name varchar NOT NULL, version varchar NOT NULL,
  version_format varchar, epochless_version varchar, include_previous_versions boolean, created_at timestamp, updated_at timestamp);
CREATE TABLE feed_data_nvdv2_vulnerabilities (name varchar NOT NULL, namespace_name varchar NOT NULL, severity varchar, description varchar, cvss_v2 json, cvss_v3 json, link varchar,
  "references" json, created_at timestamp, updated_at timestamp);
CREATE TABLE feed_data_cpev2_vulnerabilities (feed_name varchar NOT NULL, namespace_name varchar NOT NULL, vulnerability_id varchar NOT NULL, part varchar NOT NULL, vendor varchar NOT NULL,
  product varchar NOT NULL, version varchar NOT NULL, "update" varchar NOT NULL, edition varchar NOT NULL, language varchar NOT NULL, sw_edition varchar NOT NULL, target_sw varchar NOT NULL,
  target_hw varchar NOT NULL, other varchar NOT NULL, created_at timestamp, updated_at timestamp);
CREATE TABLE archive_document (bucket varchar NOT NULL, "archiveId" varchar NOT NULL, "userId" varchar NOT NULL, "documentName" varchar NOT NULL, created_at int, last_updated int,
  record_state_key varchar, record_state_val varchar, jsondata text, b64_encoded boolean);
CREATE TABLE object_storage ("userId" varchar NOT NULL, bucket varchar NOT NULL, key varchar NOT NULL, version varchar NOT NULL, object_metadata varchar, content bytea, created_at int, last_updated int);
CREATE TABLE catalog_image ("imageDigest" varchar NOT NULL, "userId" varchar NOT NULL, "parentDigest" varchar, created_at int, last_updated int, analyzed_at int, record_state_key varchar,
  record_state_val varchar, image_type varchar, arch varchar, distro varchar, distro_version varchar, dockerfile_mode varchar, image_size bigint, layer_count int, annotations varchar,
  analysis_status varchar, image_status varchar);
CREATE TABLE catalog_image_docker ("imageDigest" varchar NOT NULL, "userId" varchar NOT NULL, registry varchar NOT NULL, repo varchar NOT NULL, tag varchar NOT NULL, created_at int, last_updated int,
  tag_detected_at int, record_state_key varchar, record_state_val varchar, digest varchar, "imageId" varchar, dockerfile varchar);
CREATE TABLE catalog_archive_transition_rules (account varchar NOT NULL, rule_id varchar NOT NULL, transition archive_transitions, selector_registry varchar, selector_repository varchar,
  selector_tag varchar, tag_versions_newer int, analysis_age_days int, system_global boolean, created_at int, last_updated int);
CREATE TABLE events (generated_uuid varchar NOT NULL, created_at timestamp, resource_user_id varchar, resource_id varchar, resource_type varchar, source_servicename varchar, type varchar,
  level varchar, message varchar, details text, "timestamp" timestamp);
CREATE TABLE queue ("queueId" bigint NOT NULL DEFAULT nextval('queue_queueid_seq'), "userId" varchar NOT NULL, "queueName" varchar NOT NULL, data varchar, "dataId" varchar, tries int, visible_at timestamp);

-- helpers -----------------------------------------------------------------------------------------
CREATE FUNCTION pg_temp.h(text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT ('x'||substr(md5($1),1,15))::bit(60)::bigint $$;
CREATE TEMP TABLE w AS
  SELECT n::int-1 AS n, CASE WHEN n<=120 THEN word ELSE NULL END AS word FROM unnest(string_to_array(
  'buffer overflow remote attacker allows execute arbitrary code crafted packet denial service memory corruption heap stack kernel module function parser header before through versions prior vulnerability issue discovered certain improper validation input user local privilege escalation information disclosure integer underflow null pointer dereference use after free race condition server client library file path traversal cross site scripting request forgery session token authentication bypass certificate verification encryption key leak protocol handshake message length field array index bounds read write crash application process thread socket network interface driver device firmware update package component plugin archive image document format decoder stream compression regular expression recursion resource consumption timeout default configuration permission directory symlink temporary log database query injection command shell environment variable unspecified vectors related via which could lead to the of in and a with', ' ')) WITH ORDINALITY t(word,n);
INSERT INTO w SELECT n, (ARRAY['ka','lo','mi','ren','tor','gra','zen','pli','shu','vek','dan','ur','os','bel','cry','fin'])[1+n%16]||
  (ARRAY['ba','ti','nor','gle','sha','ver','dom','x','que','lin','mas','ter','pol','ek','run','y'])[1+(n/16)%16]||
  (ARRAY['','s','d','er','ix','on','um','al'])[1+(n/256)%8] FROM generate_series((SELECT max(n)+1 FROM w),619) n;
UPDATE w SET word='item'||n WHERE word IS NULL;
CREATE TEMP TABLE wa (a text[]);
ALTER TABLE wa ALTER a SET STORAGE PLAIN;   -- 620 words fit one page: no detoasting per use
INSERT INTO wa SELECT array_agg(word ORDER BY n) FROM w;
-- pseudo-English text of k words, Zipf-like (squared uniform index)
CREATE FUNCTION pg_temp.txt(seed text, k int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE w text[]; d bytea; r text[] := '{}'; x float8;
BEGIN
  SELECT a INTO w FROM wa;
  FOR g IN 0..k-1 LOOP
    IF g%20=0 THEN d := sha512((seed||g/20)::bytea); END IF;
    x := (get_byte(d,(g*3)%60)*65536+get_byte(d,(g*3)%60+1)*256+get_byte(d,(g*3)%60+2))/16777216.0;
    r[g+1] := w[1+(x*x*619)::int];
  END LOOP;
  RETURN array_to_string(r,' ');
END $$;
-- k*32 bytes without redundancy (stands for zlib-compressed content)
CREATE FUNCTION pg_temp.rnd(seed text, k int) RETURNS bytea LANGUAGE sql AS $$
  SELECT string_agg(sha256((seed||':'||g)::bytea), ''::bytea ORDER BY g) FROM generate_series(1,k) g $$;
SELECT greatest(4, round(1000*:f)::int) AS ni, greatest(100, round(150000*:f)::int) AS nv, greatest(100, round(170000*:f)::int) AS nn,
       greatest(1, round(120*:f)::int) AS nrepo \gset

-- package catalogue: 6000 packages, ~22 files each; shared between images as base images are in reality
CREATE TEMP TABLE pc AS
 SELECT id, (ARRAY['lib','python3-','perl-','node-','','golang-','lib','','libx11-','ruby-'])[1+h%10]||a.a[1+id%500]||a.a[501+id/500]||
   (ARRAY['','-dev','-common','1','-data','2','-bin','-utils'])[1+(h/16)%8] AS name,
   (CASE WHEN (h/128)%6=0 THEN (h/128)%3||':' ELSE '' END)||(h/1024)%12||'.'||(h/4096)%30||'.'||(h/65536)%20 AS ver,
   '-'||(h/8192)%9||CASE WHEN id%5<3 THEN '+deb10u'||(h/99)%6 ELSE '.el8_'||(h/99)%9 END AS rel,
   CASE WHEN id%5<3 THEN 'dpkg' ELSE 'rpm' END AS typ,
   CASE WHEN (h/7)%9=0 THEN 'noarch' WHEN id%5<3 THEN 'amd64' ELSE 'x86_64' END AS arch,
   (ARRAY['GPL-2+','MIT','Apache-2.0','BSD-3-clause','LGPL-2.1+ GPL-2+','GPLv3+ and LGPLv2+','MPL-2.0','Artistic GPL-1+','Unknown','PD and zlib and BSD'])[1+(h/31)%10] AS lic,
   (ARRAY['Debian','CentOS','Red Hat, Inc.','N/A'])[1+(h/77)%4] AS orig, (3+((h/1000)%1000)^2/ 14000)::int AS nf, h
 FROM (SELECT id, pg_temp.h('p'||id) h FROM generate_series(0,5999) id) s, wa a;
CREATE TEMP TABLE im AS
 SELECT i, encode(sha256(('img'||i)::bytea),'hex') AS id, 'sha256:'||encode(sha256(('dig'||i)::bytea),'hex') AS dig,
   pg_temp.h('b'||i)%20 AS base, pg_temp.h('r'||i)%:nrepo AS repo, timestamp '2020-03-01' + i*interval '731 seconds 123457 microseconds' AS ts
 FROM generate_series(1,:ni) i;
-- image i: 100 packages of one of 20 base images, ~150 of its repository (1 in 12 replaced per image)
CREATE TEMP TABLE ip AS
 SELECT i, pid, row_number() OVER (PARTITION BY i ORDER BY pid)::int AS n FROM (
  SELECT i, (base*100+k)::int AS pid FROM im, generate_series(0,99) k
  UNION SELECT i, (2000 + CASE WHEN pg_temp.h('x'||i||'.'||k)%12=0 THEN pg_temp.h('y'||i||'.'||k) ELSE pg_temp.h('z'||repo||'.'||k) END % 4000)::int FROM im, generate_series(0,149) k) s;
-- the files of the packages that an image has
CREATE TEMP TABLE pf AS
 SELECT p.id, k, (ARRAY['/usr/lib/x86_64-linux-gnu/','/usr/share/','/usr/share/doc/','/usr/lib/python3/dist-packages/','/usr/share/locale/','/usr/include/','/etc/','/usr/lib/'])[1+(p.h/3+k/6)%8]||p.name||'/'||
   a.a[1+(pg_temp.h(p.id||'d'||k/9)%610)]||'/'||a.a[1+(h2%610)]||CASE WHEN h2%3=0 THEN '_'||a.a[1+((h2/7000)%610)] ELSE '' END||k||(ARRAY['.so.1','.py','.h','.gz','.mo','','.conf','.html','.js','.pyc'])[1+(p.h/5+k/8)%10] AS path,
   h2, CASE WHEN p.id%5<3 THEN md5('f'||p.id||':'||k) ELSE encode(sha256(('f'||p.id||':'||k)::bytea),'hex') END AS dig
 FROM pc p, wa a, LATERAL (SELECT k, pg_temp.h('f'||p.id||':'||k) h2 FROM generate_series(1,p.nf) k) s
 WHERE p.id IN (SELECT pid FROM ip);
ANALYZE pc; ANALYZE pf; ANALYZE im; ANALYZE ip;

-- data -------------------------------------------------------------------------------------------
INSERT INTO anchore VALUES ('1.1.0','0.0.16',1583020800,1583020800,'active',NULL,NULL);
INSERT INTO feeds SELECT x, x||' feed', 0, '2021-01-01','2021-01-01','2020-01-01',true FROM unnest(ARRAY['vulnerabilities','nvdv2','packages','github']) x;
INSERT INTO feed_groups SELECT x, 'vulnerabilities', x||' group', 0, '2021-01-01','2020-01-01','2021-01-01',true, 1000 FROM unnest(ARRAY['debian:9','debian:10','rhel:7','rhel:8','ubuntu:20.04','alpine:3.12']) x;
INSERT INTO images SELECT id,'admin','analyzed','undefined',pg_temp.h('s'||i)%900000000,ts,ts+interval '1 day',dig,(ARRAY['debian','centos'])[1+base%2],(ARRAY['10','8'])[1+base%2],(ARRAY['debian','rhel,fedora'])[1+base%2],
  (SELECT '["'||string_agg('sha256:'||encode(sha256(('l'||CASE WHEN k<4 THEN base ELSE i END||'.'||k)::bytea),'hex'),'", "' ORDER BY k)||'"]' FROM generate_series(0,7) k),
  (SELECT '['||string_agg('{"created": "2020-0'||(1+k)||'-1'||(k%9)||'T0'||k||':22:31.00412Z", "created_by": "/bin/sh -c #(nop) '||pg_temp.txt('h'||CASE WHEN k<4 THEN base ELSE i END||'.'||k,12)||'", "empty_layer": '||(k%2=0)||'}',', ' ORDER BY k)||']' FROM generate_series(0,7) k),
  '{"Architecture": "amd64", "RepoDigests": ["docker.io/repo'||repo||'@'||dig||'"], "RepoTags": ["docker.io/repo'||repo||':v'||i||'"]}','["'||id||'"]',NULL,'FROM scratch'||E'\n'||'RUN '||pg_temp.txt('d'||repo,60),'Guessed' FROM im ORDER BY i;
INSERT INTO catalog_image SELECT dig,'admin',dig,1583020800+i*731,1583020800+i*731+86400,1583020800+i*731+300,'active',NULL,'docker','amd64',(ARRAY['debian','centos'])[1+base%2],(ARRAY['10','8'])[1+base%2],'Guessed',pg_temp.h('s'||i)%900000000,8,'null','analyzed','active' FROM im ORDER BY i;
INSERT INTO catalog_image_docker SELECT dig,'admin','docker.io','library/repo'||repo,'v'||i,1583020800+i*731,1583020800+i*731+86400,1583020800+i*731,'active',NULL,dig,id,encode(('FROM scratch'||E'\n'||'RUN '||pg_temp.txt('d'||repo,60))::bytea,'base64') FROM im ORDER BY i;
INSERT INTO image_packages SELECT im.id,'admin',p.name,p.ver||p.rel,p.typ,p.arch,'pkgdb',encode(sha256('pkgdb'::bytea),'hex'),(ARRAY['debian','centos'])[1+im.base%2],(ARRAY['10','8'])[1+im.base%2],(ARRAY['debian','rhel,fedora'])[1+im.base%2],
   p.ver||p.rel,substr(p.rel,2),p.orig,regexp_replace(p.name,'(-dev|-common|-data|-bin|-utils)$','')||CASE WHEN p.typ='rpm' THEN '-'||p.ver||p.rel||'.src.rpm' ELSE '' END,regexp_replace(p.name,'(-dev|-common|-data|-bin|-utils)$',''),
   CASE WHEN p.h%4=0 THEN '{"architecture": "'||p.arch||'", "maintainer": "'||p.orig||' Maintainers <pkg-'||p.name||'@lists.example.org>", "homepage": "https://www.'||p.name||'.example.org/"}' END,
   p.lic,(p.h/5)%40000000, im.ts+ip.n*interval '137 microseconds', im.ts+ip.n*interval '137 microseconds'
 FROM ip JOIN im USING (i) JOIN pc p ON p.id=ip.pid ORDER BY ip.i, ip.n;
INSERT INTO image_package_db_entries SELECT im.id,'admin',p.name,p.ver||p.rel,p.typ,p.arch,'pkgdb',f.path,f.path LIKE '/etc/%',f.dig,CASE WHEN p.typ='dpkg' THEN 'md5' ELSE 'sha256' END,
   CASE WHEN p.typ='rpm' THEN 'root' END,CASE WHEN p.typ='rpm' THEN 'root' END,CASE WHEN p.typ='rpm' THEN 33188+(f.h2%5)*73 END,CASE WHEN p.typ='rpm' THEN (f.h2/100)%90000 END
 FROM ip JOIN im USING (i) JOIN pc p ON p.id=ip.pid JOIN pf f ON f.id=p.id ORDER BY ip.i, ip.n, f.k;
INSERT INTO feed_data_vulnerabilities SELECT 'CVE-'||2002+v%20||'-'||1000+v/20, ns.a[1+v%8],
   (ARRAY['Low','Medium','High','Critical','Negligible','Unknown'])[1+pg_temp.h('sv'||v)%6], pg_temp.txt('v'||v,(20+pg_temp.h('vl'||v)%60)::int), 'https://security-tracker.debian.org/tracker/CVE-'||2002+v%20||'-'||1000+v/20,
   '{"CVE": [{"Name": "CVE-'||2002+v%20||'-'||1000+v/20||'", "Link": "https://access.redhat.com/security/cve/CVE-'||2002+v%20||'-'||1000+v/20||'"}], "NVD": {"CVSSv2": {"Score": '||(pg_temp.h('c'||v)%100)/10.0||', "Vectors": "AV:N/AC:L/Au:N/C:P/I:P"}}}',
   'AV:N/AC:L/Au:N/C:P/I:P',(pg_temp.h('c'||v)%100)/10.0, timestamp '2020-01-01'+v*interval '3 seconds 1003 microseconds', timestamp '2021-01-01'+v*interval '3 seconds 777 microseconds'
 FROM generate_series(0,:nv-1) v, (SELECT ARRAY['debian:9','debian:10','rhel:7','rhel:8','ubuntu:20.04','alpine:3.12','centos:8','ubuntu:18.04'] a) ns ORDER BY v;
INSERT INTO feed_data_vulnerabilities_fixed_artifacts SELECT DISTINCT ON (v,p.id) 'CVE-'||2002+v%20||'-'||1000+v/20, ns.a[1+v%8], p.name, p.ver||p.rel, CASE p.typ WHEN 'dpkg' THEN 'dpkg' ELSE 'rpm' END, p.ver||p.rel, true, false,
   '{"VendorAdvisorySummary": [{"ID": "RHSA-20'||10+v%11||':'||1000+v/20||'", "Link": "https://access.redhat.com/errata/RHSA-20'||10+v%11||':'||1000+v/20||'"}]}',
   timestamp '2020-01-01'+v*interval '3 seconds 1003 microseconds', timestamp '2021-01-01'+v*interval '3 seconds 777 microseconds', timestamp '2021-01-01'+v*interval '3 seconds 777 microseconds'
 FROM generate_series(0,:nv-1) v, generate_series(0,2) k, (SELECT ARRAY['debian:9','debian:10','rhel:7','rhel:8','ubuntu:20.04','alpine:3.12','centos:8','ubuntu:18.04'] a) ns, pc p WHERE p.id=pg_temp.h('fx'||v||'.'||k)%6000 ORDER BY v,p.id;
INSERT INTO feed_data_vulnerabilities_vulnerable_artifacts SELECT 'CVE-'||2002+v%20||'-'||1000+v/20, ns.a[1+v%8], p.name, p.ver, p.typ, p.ver, true, timestamp '2020-01-01'+v*interval '3 seconds 1003 microseconds', timestamp '2021-01-01'
 FROM generate_series(0,:nv-1) v, (SELECT ARRAY['debian:9','debian:10','rhel:7','rhel:8','ubuntu:20.04','alpine:3.12','centos:8','ubuntu:18.04'] a) ns, pc p WHERE p.id=pg_temp.h('vx'||v)%6000 ORDER BY v;
INSERT INTO feed_data_nvdv2_vulnerabilities SELECT 'CVE-'||2002+v%20||'-'||1000+v/20, 'nvdv2:cves', (ARRAY['Low','Medium','High','Critical'])[1+pg_temp.h('sn'||v)%4], pg_temp.txt('n'||v,(25+pg_temp.h('nl'||v)%60)::int),
   ('{"additional_information": {"ac_insuf_info": false, "obtain_all_privilege": false, "obtain_other_privilege": false, "obtain_user_privilege": false, "user_interaction_required": '||(v%3=0)||'}, "base_metrics": {"access_complexity": "'||(ARRAY['LOW','MEDIUM','HIGH'])[1+v%3]||'", "access_vector": "NETWORK", "authentication": "NONE", "base_score": '||(pg_temp.h('c'||v)%100)/10.0||', "exploitability_score": '||(pg_temp.h('e'||v)%100)/10.0||', "impact_score": 6.4}, "severity": "Medium", "vector_string": "AV:N/AC:L/Au:N/C:P/I:P/A:P", "version": "2.0"}')::json,
   CASE WHEN v%2=0 THEN ('{"base_metrics": {"attack_complexity": "LOW", "attack_vector": "NETWORK", "base_score": '||(pg_temp.h('c3'||v)%100)/10.0||', "base_severity": "HIGH", "exploitability_score": 3.9, "impact_score": 5.9, "scope": "UNCHANGED"}, "vector_string": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "version": "3.0"}')::json END,
   'https://nvd.nist.gov/vuln/detail/CVE-'||2002+v%20||'-'||1000+v/20, (SELECT ('['||string_agg('{"source": "CONFIRM", "tags": ["Patch", "Vendor Advisory"], "url": "http://www.'||pg_temp.txt('u'||v||k,1)||'.com/bid/'||pg_temp.h('ur'||v||k)%90000||'/'||pg_temp.txt('q'||v||k,1)||'.html"}',', ' ORDER BY k)||']')::json FROM generate_series(0,(v%4)) k),
   timestamp '2020-01-01'+v*interval '2 seconds 1003 microseconds', timestamp '2021-01-01'+v*interval '2 seconds 777 microseconds'
 FROM generate_series(0,:nn-1) v ORDER BY v;
INSERT INTO feed_data_cpev2_vulnerabilities SELECT 'nvdv2','nvdv2:cves','CVE-'||2002+v%20||'-'||1000+v/20,'a',a.a[1+pg_temp.h('cv'||v)%600],a.a[1+pg_temp.h('cp'||v)%600]||'_'||a.a[1+pg_temp.h('cq'||v)%600],(pg_temp.h('cw'||v)%9)||'.'||k||'.'||(v+k)%10,'*','*','*','*','*','*','*',
   timestamp '2020-01-01'+v*interval '2 seconds 1003 microseconds'+k*interval '11 microseconds', timestamp '2021-01-01'
 FROM generate_series(0,:nn-1) v, generate_series(0,6) k, wa a ORDER BY v,k;
INSERT INTO image_package_vulnerabilities SELECT 'admin',im.id,p.name,p.ver||p.rel,p.typ,p.arch,'pkgdb','CVE-'||2002+v%20||'-'||1000+v/20,(ARRAY['debian:9','debian:10','rhel:7','rhel:8','ubuntu:20.04','alpine:3.12','centos:8','ubuntu:18.04'])[1+v%8],im.ts+ip.n*interval '91 microseconds'
 FROM ip JOIN im USING (i) JOIN pc p ON p.id=ip.pid, LATERAL (SELECT DISTINCT (pg_temp.h('pv'||p.id||'.'||k)%:nv)::int v FROM generate_series(1,(p.h/11%3)::int) k) x ORDER BY ip.i, ip.n, v;
INSERT INTO image_npms SELECT 'admin',im.id,encode(sha256(('np'||n.j)::bytea),'hex'),'/app/node_modules/'||a.a[1+n.j%600]||'-'||n.j||'/package.json',a.a[1+n.j%600]||'-'||n.j,'["'||a.a[1+n.j%600]||' <'||n.j||'@example.com>"]','https://github.com/'||a.a[1+n.j%600]||'/'||a.a[1+n.j%600],'["MIT"]','["'||n.j%9||'.'||n.j%23||'.'||n.j%7||'"]','1.0.0',(row_number() OVER (ORDER BY im.i,n.j))::int
 FROM im, wa a, LATERAL (SELECT DISTINCT (pg_temp.h('nj'||repo||'.'||k)%5000)::int j FROM generate_series(1,60) k) n ORDER BY im.i,n.j;
INSERT INTO image_cpes SELECT 'admin',im.id,'java','/app/lib/'||a.a[1+c.j%600]||c.j||'.jar','cpe:/a',a.a[1+c.j%600],a.a[1+c.j%600]||c.j,c.j%9||'.'||c.j%31,'-','-'
 FROM im, wa a, LATERAL (SELECT DISTINCT (pg_temp.h('cj'||repo||'.'||k)%3000)::int j FROM generate_series(1,60) k) c ORDER BY im.i,c.j;
INSERT INTO image_fs_analysis_dump SELECT id,'admin',encode(sha256(('fs'||i)::bytea),'hex'),pg_temp.rnd('fs'||i,1900),9000,8000,1000,300,12,'gzip',ts,ts FROM im ORDER BY i;
INSERT INTO object_storage SELECT 'admin','manifest_data',dig,'',NULL,convert_to('{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"digest": "sha256:'||id||'"}}','UTF8'),1583020800+i*731,1583020800+i*731 FROM im ORDER BY i;
INSERT INTO object_storage SELECT 'admin','analysis_data',dig,'','{"compression": "zlib"}',pg_temp.rnd('os'||i,1900),1583020800+i*731,1583020800+i*731 FROM im ORDER BY i;
INSERT INTO archive_document SELECT 'image_content_data',im.dig,'admin','analysis_report',1583020800+im.i*731,1583020800+im.i*731,'active',NULL,
   '{"document": {"files": {'||string_agg('"'||f.path||'": "{\"mode\": '||33188+(f.h2%5)*73||', \"uid\": 0, \"gid\": 0, \"size\": '||(f.h2/100)%90000||', \"sha256\": \"'||encode(sha256(f.dig::bytea),'hex')||'\"}"',', ' ORDER BY ip.n,f.k)||'}}}',false
 FROM ip JOIN im USING (i) JOIN pf f ON f.id=ip.pid WHERE ip.n<=60 GROUP BY im.i,im.dig ORDER BY im.i;
INSERT INTO image_vulnerabilities_reports SELECT 'admin',im.dig,'k'||im.i,im.ts,('{"image": {"tag": "docker.io/repo'||im.repo||':v'||im.i||'", "digest": "'||im.dig||'"}, "results": ['||string_agg('{"vulnerability_id": "'||v.vulnerability_id||'", "package": "'||v.pkg_name||'", "version": "'||v.pkg_version||'", "feed_group": "'||v.vulnerability_namespace_name||'", "fix": null}',', ' ORDER BY v.vulnerability_id,v.pkg_name)||']}')::jsonb,im.ts,im.ts
 FROM im JOIN image_package_vulnerabilities v ON v.pkg_image_id=im.id GROUP BY im.i,im.dig,im.repo,im.ts ORDER BY im.i;
INSERT INTO catalog_archive_transition_rules SELECT 'admin','rule'||k,(ARRAY['archive','delete'])[1+k%2]::archive_transitions,'*','*','*',5,90,false,1583020800,1583020800 FROM generate_series(1,10) k;
INSERT INTO events SELECT md5('e'||k),timestamp '2020-03-01'+k*interval '61 seconds','admin','docker.io/repo'||k%120||':v'||k,'image_tag','catalog','user.image.analysis.completed','INFO',pg_temp.txt('ev'||k,12),'{"k": '||k||'}',timestamp '2020-03-01'+k*interval '61 seconds' FROM generate_series(1,(:ni*50)) k ORDER BY k;
INSERT INTO queue SELECT k,'system','images_to_analyze','{"imageDigest": "sha256:'||encode(sha256(('q'||k)::bytea),'hex')||'"}',md5('q'||k),0,timestamp '2021-01-01' FROM generate_series(1,200) k;
SELECT setval('image_npms_seq_id_seq',(SELECT max(seq_id) FROM image_npms)), setval('queue_queueid_seq',200);

-- keys and indexes -------------------------------------------------------------------------------
ALTER TABLE anchore ADD PRIMARY KEY (service_version, db_version);
ALTER TABLE feeds ADD PRIMARY KEY (name);
ALTER TABLE feed_groups ADD PRIMARY KEY (name, feed_name);
ALTER TABLE images ADD PRIMARY KEY (id, user_id);
ALTER TABLE image_packages ADD PRIMARY KEY (image_id, image_user_id, name, version, pkg_type, arch, pkg_path);
ALTER TABLE image_package_db_entries ADD PRIMARY KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, file_path);
ALTER TABLE image_package_vulnerabilities ADD PRIMARY KEY (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, vulnerability_id);
ALTER TABLE image_npms ADD PRIMARY KEY (image_user_id, image_id, path_hash);
ALTER TABLE image_cpes ADD PRIMARY KEY (image_user_id, image_id, pkg_type, pkg_path, cpetype, vendor, name, version, "update", meta);
ALTER TABLE image_fs_analysis_dump ADD PRIMARY KEY (image_id, image_user_id);
ALTER TABLE image_vulnerabilities_reports ADD PRIMARY KEY (account_id, image_digest);
ALTER TABLE feed_data_vulnerabilities ADD PRIMARY KEY (id, namespace_name);
ALTER TABLE feed_data_vulnerabilities_fixed_artifacts ADD PRIMARY KEY (vulnerability_id, namespace_name, name, version);
ALTER TABLE feed_data_vulnerabilities_vulnerable_artifacts ADD PRIMARY KEY (vulnerability_id, namespace_name, name, version);
ALTER TABLE feed_data_nvdv2_vulnerabilities ADD PRIMARY KEY (name, namespace_name);
ALTER TABLE feed_data_cpev2_vulnerabilities ADD PRIMARY KEY (feed_name, namespace_name, vulnerability_id, part, vendor, product, version, "update", edition, language, sw_edition, target_sw, target_hw, other);
ALTER TABLE archive_document ADD PRIMARY KEY (bucket, "archiveId", "userId", "documentName");
ALTER TABLE object_storage ADD PRIMARY KEY ("userId", bucket, key, version);
ALTER TABLE catalog_image ADD PRIMARY KEY ("imageDigest", "userId");
ALTER TABLE catalog_image_docker ADD PRIMARY KEY ("imageDigest", "userId", registry, repo, tag);
ALTER TABLE catalog_archive_transition_rules ADD PRIMARY KEY (account, rule_id);
ALTER TABLE events ADD PRIMARY KEY (generated_uuid);
ALTER TABLE queue ADD PRIMARY KEY ("queueId", "userId");
ALTER SEQUENCE image_npms_seq_id_seq OWNED BY image_npms.seq_id;
ALTER SEQUENCE queue_queueid_seq OWNED BY queue."queueId";
CREATE INDEX ix_image_package_distronamespace ON image_packages (name, version, distro_name, distro_version, normalized_src_pkg);
CREATE INDEX ix_feed_data_nvdv2_vulnerabilities_severity ON feed_data_nvdv2_vulnerabilities (severity);
CREATE INDEX ix_feed_data_cpev2_vulnerabilities_name_version ON feed_data_cpev2_vulnerabilities (product, version);
CREATE INDEX ix_feed_data_cpev2_vulnerabilities_fk ON feed_data_cpev2_vulnerabilities (vulnerability_id, namespace_name);
CREATE INDEX idx_npm_seq ON image_npms (seq_id);
CREATE INDEX ix_image_cpe_user_img ON image_cpes (image_id, image_user_id);
CREATE INDEX ix_image_vulnerabilities_reports_report_key ON image_vulnerabilities_reports (report_key);
CREATE INDEX ix_image_vulnerabilities_reports_generated_at ON image_vulnerabilities_reports (generated_at);
CREATE INDEX ix_events_timestamp ON events ("timestamp" DESC);
CREATE INDEX ix_events_type ON events (type);
CREATE INDEX ix_events_resource_id ON events (resource_id);
ALTER TABLE feed_groups ADD FOREIGN KEY (feed_name) REFERENCES feeds(name);
ALTER TABLE image_packages ADD FOREIGN KEY (image_id, image_user_id) REFERENCES images(id, user_id);
ALTER TABLE image_package_db_entries ADD FOREIGN KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path) REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch, pkg_path);
ALTER TABLE image_package_vulnerabilities ADD FOREIGN KEY (pkg_image_id, pkg_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path) REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch, pkg_path);
ALTER TABLE image_package_vulnerabilities ADD FOREIGN KEY (vulnerability_id, vulnerability_namespace_name) REFERENCES feed_data_vulnerabilities(id, namespace_name);
ALTER TABLE image_npms ADD FOREIGN KEY (image_id, image_user_id) REFERENCES images(id, user_id);
ALTER TABLE image_cpes ADD FOREIGN KEY (image_id, image_user_id) REFERENCES images(id, user_id);
ALTER TABLE image_fs_analysis_dump ADD FOREIGN KEY (image_id, image_user_id) REFERENCES images(id, user_id);
ALTER TABLE feed_data_vulnerabilities_fixed_artifacts ADD FOREIGN KEY (vulnerability_id, namespace_name) REFERENCES feed_data_vulnerabilities(id, namespace_name);
ALTER TABLE feed_data_vulnerabilities_vulnerable_artifacts ADD FOREIGN KEY (vulnerability_id, namespace_name) REFERENCES feed_data_vulnerabilities(id, namespace_name);
ALTER TABLE feed_data_cpev2_vulnerabilities ADD FOREIGN KEY (vulnerability_id, namespace_name) REFERENCES feed_data_nvdv2_vulnerabilities(name, namespace_name);
