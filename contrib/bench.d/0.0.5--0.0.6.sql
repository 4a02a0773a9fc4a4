-- Rows for a database of version 0.0.5. At scale 1 (psql variable f):
-- 20,000 documents of about 4 KB, 100,000 vulnerabilities with 300,000 fixed artifacts, 1,000 queued messages.

INSERT INTO archive_document (bucket,"archiveId","userId","documentName",created_at,last_updated,record_state_key,record_state_val,jsondata)
SELECT (ARRAY['analysis_data','manifest_data','policy_bundles','policy_evaluations','query_data'])[1 + i % 5], 'sha256:'||md5('d'||i)||md5('e'||i), 'user'||(i % 20), 'sha256:'||md5('d'||i)||md5('e'||i),
       1500000000+i, CASE WHEN i % 10 = 0 THEN NULL ELSE 1500100000+i END, 'active', NULL,
       '{"document": {'||(SELECT string_agg('"key-'||p||'": "'||md5(i||'/'||p)||'"', ', ' ORDER BY p) FROM generate_series(1,90) p)||'}}'
FROM generate_series(1,(20000*:f)::int) i;
INSERT INTO feed_data_vulnerabilities (id,namespace_name,severity,description,link,metadata_json,cvss2_vectors,cvss2_score,created_at,updated_at)
SELECT 'CVE-'||(2000+v % 19)||'-'||v, 'centos:'||(5+v % 4), (ARRAY['Unknown','Negligible','Low','Medium','High','Critical'])[1+v % 6]::vulnerability_severities,
       'description of '||md5('v'||v), 'https://example.com/'||v, '{"CVE": []}', NULL, NULL, timestamp '2018-01-01' + v*interval '1 minute', timestamp '2018-03-01' + v*interval '1 minute'
FROM generate_series(1,(100000*:f)::int) v;
INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id,namespace_name,name,version,version_format,epochless_version,include_later_versions,created_at,updated_at)
SELECT 'CVE-'||(2000+v % 19)||'-'||v, 'centos:'||(5+v % 4), 'package-'||((v*3+a) % 5000), CASE WHEN v % 7 = 0 THEN 'None' ELSE '0:1.'||(v % 30)||'.'||a||'-'||(v % 9)||'.el7' END, 'RPM', '1.'||(v % 30)||'.'||a||'-'||(v % 9)||'.el7', true,
       timestamp '2018-01-01' + v*interval '1 minute', timestamp '2018-03-01' + v*interval '1 minute'
FROM generate_series(1,(100000*:f)::int) v, generate_series(0,2) a;
INSERT INTO queuemeta ("queueName","userId",created_at,last_updated,record_state_key,record_state_val,qlen)
SELECT 'q'||q, 'system', 1, 2, 'active', NULL, 100 FROM generate_series(1,10) q;
INSERT INTO queue ("queueId","userId","queueName",created_at,last_updated,record_state_key,record_state_val,popped,priority,data,"dataId",tries,max_tries)
SELECT i, 'system', 'q'||(1+i % 10), 1, 2, 'active', NULL, false, false, '{"a": "'||md5(i::text)||'"}', md5('q'||i), 0, NULL FROM generate_series(1,(1000*:f)::int) i;
