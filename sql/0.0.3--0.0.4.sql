-- Upgrade of an Anchore Engine database from version 0.0.3 to 0.0.4.
--
-- New: six columns of catalog_image, read from the image's analysis document: the first one, by name, of
-- archive_document with bucket 'analysis_data' and the image's digest and user. The Dockerfile in the
-- document goes, as base64, to every tag of the image; tags without image id take that of the image's last tag with one.
-- Kept: every row. An image that is not of type docker, has no document in this database or one that cannot
-- be read stays as it is, and so do its tags. The operator is told of each document that could not be read, of
-- each that says nothing usable about the image, and of analysed images without a document.
--
-- destroys: column catalog_image.last_updated: becomes the time of the upgrade where a new column gets a value
-- destroys: column catalog_image_docker.last_updated: becomes the time of the upgrade where the Dockerfile or the image id changes
-- destroys: column catalog_image_docker.dockerfile: replaced by the Dockerfile of the analysis document where that has one
-- destroys: column catalog_image_docker.imageId: an empty one is replaced by that of the image's last tag with one

ALTER TABLE catalog_image
    ADD COLUMN arch            varchar,
    ADD COLUMN distro          varchar,
    ADD COLUMN distro_version  varchar,
    ADD COLUMN dockerfile_mode varchar,
    ADD COLUMN image_size      bigint,
    ADD COLUMN layer_count     integer;

-- What a document says about its image. problem: why it cannot be read, then nothing else counts. remark: why
-- the six columns get no values (but for the mode of a Dockerfile, which counts all the same).
--
-- jsonb, for it parses a document once and takes the last of duplicate keys on every level, as the engine
-- does; json would parse all of it again for each subtree, and merges duplicates.
CREATE FUNCTION pg_temp.read_analysis(document text,
    OUT arch varchar, OUT distro varchar, OUT distro_version varchar, OUT dockerfile_mode varchar,
    OUT image_size bigint, OUT layer_count integer, OUT dockerfile varchar, OUT problem text, OUT remark text)
LANGUAGE plpgsql AS $$
DECLARE
    -- what the engine takes for "not set"
    empty    CONSTANT jsonb[] := ARRAY['null', 'false', '0', '""', '[]', '{}']::jsonb[];
    -- what no text column can hold
    no_text  CONSTANT text[] := ARRAY['object', 'array', 'boolean'];
    root     CONSTANT text[] := ARRAY['document', '0', 'image', 'imagedata'];
    mended   text;
    whole    jsonb;
    report   jsonb;
    analyzer jsonb;
    base     jsonb;
    layers   jsonb;
    docker   jsonb;
    meta     jsonb;
    bytes    jsonb;
    mode     jsonb;
    contents jsonb;
    size     numeric;
BEGIN
    BEGIN
        whole := document::jsonb;
    EXCEPTION WHEN data_exception OR program_limit_exceeded OR feature_not_supported THEN
        problem := CASE SQLSTATE WHEN '22P02' THEN 'malformed JSON' ELSE SQLERRM END;
        -- jsonb refuses \u0000, half a surrogate pair (file names that were not UTF-8) and numbers of endless
        -- size, wherever they stand, and where the database is not UTF-8 \u with what its encoding has not. Mostly
        -- that is no place of interest: a second try with the character SUB instead, and null for an endless
        -- image size.
        mended := document;
        IF strpos(mended, '\u0000') > 0 THEN
            mended := regexp_replace(mended, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\u001a', 'g');
        END IF;
        IF mended ~* '\\ud[89ab]' THEN
            mended := regexp_replace(mended,
                '(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})', '\1\\u001a', 'g');
        END IF;
        IF mended ~* '\\ud[c-f]' THEN
            mended := regexp_replace(mended,
                '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})(?<!\\)((?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\1\\u001a', 'g');
        END IF;
        IF SQLSTATE NOT IN ('22P02', '22003') AND getdatabaseencoding() <> 'UTF8' THEN
            mended := regexp_replace(mended, '(?<!\\)((?:\\\\)*)\\u(?!00[0-7])[0-9a-fA-F]{4}', '\1\\u001a', 'g');
        END IF;
        IF SQLSTATE = '22003' THEN
            mended := regexp_replace(mended,
                '("sizebytes"\s*:\s*)-?([0-9]{200}[0-9.]*|[0-9.]+[eE][-+]?[0-9]{4,})', '\1null', 'g');
        END IF;
    END;
    IF problem IS NOT NULL THEN
        IF mended = document THEN
            RETURN;
        END IF;
        BEGIN
            whole := mended::jsonb;
        EXCEPTION WHEN data_exception OR program_limit_exceeded OR feature_not_supported THEN
            RETURN;
        END;
    END IF;

    problem := CASE
        WHEN whole IS NULL THEN 'empty'
        WHEN jsonb_typeof(whole->'document') IS DISTINCT FROM 'array' THEN 'document is no list'
        WHEN whole #> '{document,0,image,imageId}' IS NULL THEN 'no image with an imageId'
        WHEN jsonb_typeof(whole #> root) IS DISTINCT FROM 'object' THEN 'no imagedata'
    END;
    IF problem IS NOT NULL THEN
        RETURN;
    END IF;

    report := whole #> (root || ARRAY['image_report']);
    analyzer := whole #> (root || ARRAY['analysis_report', 'analyzer_meta']);
    base := analyzer #> '{analyzer_meta,base}';
    -- No report of the image or no word of the analyzer is one thing, a truncated one another: so does the engine.
    IF report IS NULL THEN
        remark := 'no image_report';
    ELSIF base IS NULL THEN
        IF analyzer IS NOT NULL OR jsonb_typeof(whole #> (root || ARRAY['analysis_report'])) IS DISTINCT FROM 'object' THEN
            problem := 'no analyzer_meta.base';
            RETURN;
        END IF;
        remark := 'no analyzer_meta';
    END IF;

    layers := report->'layers';
    docker := report->'docker_data';
    meta := report->'meta';
    bytes := meta->'sizebytes';
    mode := report->'dockerfile_mode';
    contents := report->'dockerfile_contents';
    -- Whole numbers stand in quotes sometimes. 40 digits: beyond bigint in any case, and cheap.
    size := CASE
        WHEN bytes IS NULL THEN 0
        WHEN jsonb_typeof(bytes) = 'number' THEN trunc((bytes #>> '{}')::numeric)
        WHEN jsonb_typeof(bytes) = 'string' THEN substring(bytes #>> '{}' FROM '^\s*([-+]?[0-9]{1,40})\s*$')::numeric
    END;
    remark := coalesce(remark, CASE
        WHEN jsonb_typeof(report) <> 'object' THEN 'image_report is no object'
        WHEN jsonb_typeof(base) <> 'object' THEN 'base is no object'
        WHEN jsonb_typeof(layers) <> 'array' THEN 'layers is no list'
        WHEN jsonb_typeof(docker) <> 'object' THEN 'docker_data is no object'
        WHEN jsonb_typeof(meta) <> 'object' THEN 'meta is no object'
        WHEN size IS NULL THEN 'sizebytes is no number'
        WHEN size NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN 'sizebytes is out of range'
    END);

    IF mode <> ALL (empty) AND contents <> ALL (empty) THEN
        IF jsonb_typeof(contents) <> 'string' THEN
            problem := 'dockerfile_contents is no text';
        ELSIF jsonb_typeof(mode) = ANY (no_text) THEN
            problem := 'dockerfile_mode is no text';
        ELSE
            dockerfile := contents #>> '{}';
        END IF;
    END IF;
    IF remark IS NULL AND problem IS NULL THEN
        problem := CASE
            WHEN jsonb_typeof(base->'DISTRO') = ANY (no_text) THEN 'DISTRO is no text'
            WHEN jsonb_typeof(base->'DISTROVERS') = ANY (no_text) THEN 'DISTROVERS is no text'
            WHEN jsonb_typeof(docker->'Architecture') = ANY (no_text) THEN 'Architecture is no text'
            WHEN jsonb_typeof(mode) = ANY (no_text) THEN 'dockerfile_mode is no text'
        END;
        distro := CASE WHEN base ? 'DISTRO' THEN base->>'DISTRO' ELSE 'N/A' END;
        distro_version := CASE WHEN base ? 'DISTROVERS' THEN base->>'DISTROVERS' ELSE 'N/A' END;
        arch := CASE WHEN docker ? 'Architecture' THEN docker->>'Architecture' ELSE 'N/A' END;
        dockerfile_mode := CASE WHEN report ? 'dockerfile_mode' THEN report->>'dockerfile_mode' ELSE 'N/A' END;
        image_size := size;
        layer_count := coalesce(jsonb_array_length(layers), 0);
    ELSIF dockerfile IS NOT NULL THEN
        dockerfile_mode := mode #>> '{}';
    END IF;
    IF mended IS NOT NULL AND strpos(concat(distro, distro_version, arch, dockerfile_mode, dockerfile), chr(26)) > 0 THEN
        problem := 'a character that no text can hold';
    END IF;

    IF problem IS NULL AND dockerfile IS NOT NULL THEN
        BEGIN
            -- encode() breaks its lines, the engine does not
            dockerfile := translate(encode(convert_to(dockerfile, 'UTF8'), 'base64'), E'\n', '');
        EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
            -- only in a database that is not UTF-8 itself
            problem := 'the Dockerfile is not UTF-8';
        END;
    END IF;
END
$$;

-- Reads the analysis documents into catalog_image. And into the tags: one statement, so that each document is parsed
-- once and what it says is written nowhere but where it belongs. The lookups by key of each image stay linear where
-- the planner has no statistics; a join of all tags does not.
DO $$
DECLARE
    kind text;
    n    bigint;
    keys text;
BEGIN
    FOR kind, n, keys IN
        WITH image AS (
            SELECT c."imageDigest", c."userId", a.found AND r.problem IS NULL AS readable, r.*, l."imageId" AS last_id,
                    CASE
                        WHEN r.problem IS NOT NULL THEN 'stay as they are, for their analysis document cannot be read'
                        WHEN r.remark IS NOT NULL THEN 'get no size, layers and distribution, for their analysis document does not tell them'
                        WHEN a.found IS NULL AND c.analysis_status = 'analyzed'
                            THEN 'are analysed but stay as they are, for their analysis document is not in this database'
                    END AS kind
                FROM catalog_image AS c
                    LEFT JOIN LATERAL (
                        SELECT d.jsondata, true AS found FROM archive_document AS d
                            WHERE d.bucket = 'analysis_data' AND d."archiveId" = c."imageDigest" AND d."userId" = c."userId"
                            ORDER BY d."documentName" LIMIT 1) AS a ON true
                    LEFT JOIN LATERAL pg_temp.read_analysis(a.jsondata) AS r ON a.found
                    LEFT JOIN LATERAL (
                        -- backwards by the key: forwards is the order in which the engine's query usually finds them
                        SELECT t."imageId" FROM catalog_image_docker AS t
                            WHERE t."imageDigest" = c."imageDigest" AND t."userId" = c."userId" AND t."imageId" <> ''
                            ORDER BY t.registry DESC, t.repo DESC, t.tag DESC LIMIT 1) AS l ON true
                WHERE c.image_type = 'docker'
        ), changed_image AS (
            UPDATE catalog_image AS c
                SET arch = i.arch, distro = i.distro, distro_version = i.distro_version,
                    dockerfile_mode = i.dockerfile_mode, image_size = i.image_size, layer_count = i.layer_count,
                    last_updated = extract(epoch FROM now())::integer
                FROM image AS i
                WHERE c."imageDigest" = i."imageDigest" AND c."userId" = i."userId" AND i.readable
                    AND (i.layer_count IS NOT NULL OR i.dockerfile_mode IS NOT NULL)
        ), changed_tag AS (
            UPDATE catalog_image_docker AS t
                SET dockerfile = coalesce(i.dockerfile, t.dockerfile),
                    "imageId" = coalesce(nullif(t."imageId", ''), i.last_id, t."imageId"),
                    last_updated = extract(epoch FROM now())::integer
                FROM image AS i
                WHERE t."imageDigest" = i."imageDigest" AND t."userId" = i."userId" AND i.readable
                    AND (t.dockerfile IS DISTINCT FROM coalesce(i.dockerfile, t.dockerfile)
                        OR coalesce(t."imageId", '') = '' AND i.last_id IS NOT NULL)
        )
        SELECT k.kind, count(*),
                string_agg(concat(k."userId", ' ', k."imageDigest", ' (' || k.reason || ')'), '; ' ORDER BY k.nr) FILTER (WHERE k.nr <= 20)
            FROM (
                SELECT i.kind, i."userId", i."imageDigest", coalesce(i.problem, i.remark) AS reason,
                        row_number() OVER (PARTITION BY i.kind ORDER BY i."userId", i."imageDigest") AS nr
                    FROM image AS i WHERE i.kind IS NOT NULL) AS k
            GROUP BY k.kind
    LOOP
        RAISE WARNING '% row(s) of catalog_image %: %', n, kind,
            keys || CASE WHEN n > 20 THEN format(' and %s more', n - 20) ELSE '' END;
    END LOOP;
END
$$;

DROP FUNCTION pg_temp.read_analysis(text);
