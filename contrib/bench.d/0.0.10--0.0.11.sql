-- Rows for a database of version 0.0.10. At scale 1 (psql variable f):
-- 100,000 vulnerabilities with 300,000 fixed artifacts, a seventh of which have the version 'None'; 200 accounts
-- with a user each, 20 registries.

INSERT INTO feed_data_vulnerabilities (id,namespace_name,severity,description,link,metadata_json,cvss2_vectors,cvss2_score,created_at,updated_at)
SELECT 'CVE-'||(2000+v % 19)||'-'||v, 'debian:'||(7+v % 4), (ARRAY['Unknown','Negligible','Low','Medium','High','Critical'])[1+v % 6]::vulnerability_severities,
       'description of '||md5('v'||v), 'https://example.com/'||v, '{"CVE": []}', NULL, NULL, timestamp '2018-01-01' + v*interval '1 minute', timestamp '2018-03-01' + v*interval '1 minute'
FROM generate_series(1,(100000*:f)::int) v;
INSERT INTO feed_data_vulnerabilities_fixed_artifacts (vulnerability_id,namespace_name,name,version,version_format,epochless_version,include_later_versions,vendor_no_advisory,fix_metadata,created_at,updated_at)
SELECT 'CVE-'||(2000+v % 19)||'-'||v, 'debian:'||(7+v % 4), 'package-'||((v*3+a) % 5000), CASE WHEN v % 7 = 0 THEN 'None' ELSE '1.'||(v % 30)||'.'||a||'-'||(v % 9)||'+deb9u1' END, 'dpkg', '1.'||(v % 30)||'.'||a||'-'||(v % 9), true, false, NULL,
       timestamp '2018-01-01' + v*interval '1 minute', timestamp '2018-03-01' + v*interval '1 minute'
FROM generate_series(1,(100000*:f)::int) v, generate_series(0,2) a;
INSERT INTO accounts (name,state,type,email,created_at,last_updated)
SELECT CASE u WHEN 1 THEN 'admin' WHEN 2 THEN 'anchore-system' ELSE 'user'||u END, 'enabled', (CASE u WHEN 1 THEN 'admin' WHEN 2 THEN 'service' ELSE 'user' END)::account_types, 'u'||u||'@example.com', 1500000000, 1500000001 FROM generate_series(1,(200*:f)::int) u;
INSERT INTO account_users (username,account_name,created_at,last_updated)
SELECT CASE u WHEN 1 THEN 'admin' WHEN 2 THEN 'anchore-system' ELSE 'user'||u END, CASE u WHEN 1 THEN 'admin' WHEN 2 THEN 'anchore-system' ELSE 'user'||u END, 1500000002, 1500000003 FROM generate_series(1,(200*:f)::int) u;
INSERT INTO user_access_credentials (username,type,value,created_at)
SELECT CASE u WHEN 1 THEN 'admin' WHEN 2 THEN 'anchore-system' ELSE 'user'||u END, 'password', 'pw-'||md5('pw'||u), 1500000004 FROM generate_series(1,(200*:f)::int) u;
INSERT INTO registries (registry,"userId",created_at,last_updated,record_state_key,record_state_val,registry_type,registry_user,registry_pass,registry_verify,registry_meta)
SELECT 'r'||u||'.example.com', 'user'||(3+u), 1, 2, 'active', NULL, 'docker_v2', 'u', 'p', true, '' FROM generate_series(1,20) u;
