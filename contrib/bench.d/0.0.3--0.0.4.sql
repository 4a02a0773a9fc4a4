-- Rows for a database of version 0.0.3. At scale 1 (psql variable f):
-- 2,000 images with 2,400 tags, and for each image an analysis document of about 90 KB of JSON, which
-- compresses as real ones do.

INSERT INTO catalog_image ("imageDigest","userId",created_at,last_updated,record_state_key,record_state_val,image_type,analysis_status,image_status)
SELECT 'sha256:'||md5('img'||i)||md5('gmi'||i), 'user'||(i % 20), 1500000000+i, 1500100000+i, 'active', NULL, 'docker', 'analyzed', 'active'
FROM generate_series(1,(2000*:f)::int) i;

INSERT INTO catalog_image_docker ("imageDigest","userId",registry,repo,tag,created_at,last_updated,record_state_key,record_state_val,digest,"imageId",dockerfile)
SELECT 'sha256:'||md5('img'||i)||md5('gmi'||i), 'user'||(i % 20), 'docker.io', 'library/repo'||(i % 100), 'v'||i||'.'||t,
       1500000000+i, 1500100000+i, 'active', NULL, 'sha256:'||md5('img'||i)||md5('gmi'||i),
       CASE WHEN t=2 THEN NULL ELSE md5('id'||i)||md5('di'||i) END, NULL
FROM generate_series(1,(2000*:f)::int) i, generate_series(1,2) t WHERE t=1 OR i % 5 = 0;

INSERT INTO archive_document (bucket,"archiveId","userId","documentName",created_at,last_updated,record_state_key,record_state_val,jsondata)
SELECT 'analysis_data', 'sha256:'||md5('img'||i)||md5('gmi'||i), 'user'||(i % 20), 'sha256:'||md5('img'||i)||md5('gmi'||i),
       1500000000+i, 1500000000+i, 'active', NULL,
       '{"document": [{"image": {"imageId": "'||md5('id'||i)||md5('di'||i)||'", "imagedata": {"image_report": {"meta": {"sizebytes": '||(1000000+i*997)||', "shortId": "x'||i||'", "usertype": null}, "layers": ['
         ||(SELECT string_agg('"sha256:'||md5('layer'||i||'/'||l)||'"', ', ' ORDER BY l) FROM generate_series(1, 3 + i % 12) l)
         ||'], "docker_data": {"Architecture": "amd64", "Os": "linux", "Config": {"Env": ["PATH=/usr/bin", "V='||i||'"]}}, "docker_history": [], "dockerfile_mode": "'||CASE WHEN i % 2 = 0 THEN 'Actual' ELSE 'Guessed' END||'", "dockerfile_contents": "FROM base:'||i||'\n'
         ||(SELECT string_agg('RUN step '||l||' '||md5('df'||i||'/'||l), '\n' ORDER BY l) FROM generate_series(1, 12) l)
         ||'\n"}, "analysis_report": {"analyzer_meta": {"analyzer_meta": {"base": {"DISTRO": "centos", "DISTROVERS": "7.'||(i % 6)||'", "LIKEDISTRO": "rhel,fedora"}}}, "package_list": {"pkgs.all": {"base": {'
         ||(SELECT string_agg('"package-'||p||'": "1.'||((i+p) % 10)||'.'||p||'-'||left(md5('p'||i||'/'||p),4)||'.el7"', ', ' ORDER BY p) FROM generate_series(1,400) p)
         ||'}}}, "file_list": {"files.all": {"base": {'
         ||(SELECT string_agg('"/usr/lib/dir'||(p % 40)||'/file-'||p||'.so": "0o'||(644+(p % 2)*111)||'"', ', ' ORDER BY p) FROM generate_series(1,700) p)
         ||'}}}, "file_checksums": {"files.sha256sums": {"base": {'
         ||(SELECT string_agg('"/usr/lib/dir'||(p % 40)||'/file-'||p||'.so": "'||md5('s'||i||'/'||p)||'"', ', ' ORDER BY p) FROM generate_series(1,700) p)
         ||'}}}}}}}]}'
FROM generate_series(1,(2000*:f)::int) i;
