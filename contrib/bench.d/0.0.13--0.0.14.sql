-- Rows for a database of version 0.0.13. At scale 1 (psql variable f):
-- The rows of 0.0.12--0.0.13.sql, 1,000 transition rules, 10 clients of OAuth 2.

\ir 0.0.12--0.0.13.sql
UPDATE feeds SET enabled = true;
UPDATE feed_groups SET enabled = name NOT LIKE 'centos:%', count = 2500, last_update = last_sync;
INSERT INTO catalog_archive_transition_rules (account,rule_id,transition,selector_registry,selector_repository,selector_tag,tag_versions_newer,analysis_age_days,system_global,created_at,last_updated)
SELECT 'user'||(r % 20), md5('r'||r), 'archive', '*', '*', '*', 1, 2, false, 1, 2 FROM generate_series(1,(1000*:f)::int) r;
INSERT INTO oauth2_clients (client_id,client_secret,issued_at,expires_at,redirect_uri,token_endpoint_auth_method,grant_type,response_type,scope,client_name,id,user_id)
SELECT 'c'||c, 'sec', 1500000000, 0, 'http://r', 'none', 'password', '', '', 'name', c, 'admin' FROM generate_series(1,10) c;
