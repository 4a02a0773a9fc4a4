-- Upgrade of an Anchore Engine database from version 0.0.13 to 0.0.14.
--
-- New: tables image_imports and image_import_content, empty; enum importstate; five columns of
-- catalog_archive_transition_rules, empty; text columns of twenty tables lose their limit, in the catalog only: no
-- table is rewritten, no index built, and one foreign key checked.
-- Kept: everything else. What oauth2_clients no longer has columns for is kept in its client_metadata, as JSON with
-- the keys of OAuth client registration, and a downgrade takes it from there. Nothing is lost.

CREATE TYPE importstate AS ENUM ('pending', 'processing', 'complete', 'failed', 'expired', 'invalidated');

CREATE TABLE image_imports (
    uuid         varchar NOT NULL,
    account      varchar,
    expires_at   timestamp,
    status       importstate,
    created_at   timestamp,
    last_updated timestamp,
    PRIMARY KEY (uuid)
);
CREATE INDEX ix_image_imports_account ON image_imports (account);

CREATE TABLE image_import_content (
    operation_id           varchar NOT NULL,
    digest                 varchar NOT NULL,
    content_type           varchar NOT NULL,
    created_at             timestamp,
    last_updated           timestamp,
    content_storage_bucket varchar,
    content_storage_key    varchar,
    PRIMARY KEY (operation_id, digest, content_type),
    FOREIGN KEY (operation_id) REFERENCES image_imports(uuid)
);

ALTER TABLE catalog_archive_transition_rules
    ADD COLUMN exclude_selector_registry varchar,
    ADD COLUMN exclude_selector_repository varchar,
    ADD COLUMN exclude_selector_tag varchar,
    ADD COLUMN exclude_expiration_days integer,
    ADD COLUMN max_images_per_account integer;

ALTER TABLE image_package_db_entries
    ALTER COLUMN image_id TYPE varchar, ALTER COLUMN image_user_id TYPE varchar, ALTER COLUMN pkg_name TYPE varchar,
    ALTER COLUMN pkg_version TYPE varchar, ALTER COLUMN pkg_type TYPE varchar, ALTER COLUMN pkg_arch TYPE varchar,
    ALTER COLUMN pkg_path TYPE varchar, ALTER COLUMN file_path TYPE varchar, ALTER COLUMN digest TYPE varchar,
    ALTER COLUMN digest_algorithm TYPE varchar;

ALTER TABLE image_package_vulnerabilities
    ALTER COLUMN pkg_user_id TYPE varchar, ALTER COLUMN pkg_image_id TYPE varchar,
    ALTER COLUMN pkg_name TYPE varchar, ALTER COLUMN pkg_version TYPE varchar, ALTER COLUMN pkg_type TYPE varchar,
    ALTER COLUMN pkg_arch TYPE varchar, ALTER COLUMN pkg_path TYPE varchar,
    ALTER COLUMN vulnerability_id TYPE varchar, ALTER COLUMN vulnerability_namespace_name TYPE varchar;

ALTER TABLE image_packages
    ALTER COLUMN image_id TYPE varchar, ALTER COLUMN image_user_id TYPE varchar, ALTER COLUMN name TYPE varchar,
    ALTER COLUMN version TYPE varchar, ALTER COLUMN pkg_type TYPE varchar, ALTER COLUMN arch TYPE varchar,
    ALTER COLUMN pkg_path TYPE varchar, ALTER COLUMN pkg_path_hash TYPE varchar,
    ALTER COLUMN distro_name TYPE varchar, ALTER COLUMN distro_version TYPE varchar,
    ALTER COLUMN like_distro TYPE varchar, ALTER COLUMN fullversion TYPE varchar, ALTER COLUMN release TYPE varchar,
    ALTER COLUMN src_pkg TYPE varchar, ALTER COLUMN normalized_src_pkg TYPE varchar,
    ALTER COLUMN license TYPE varchar;

ALTER TABLE image_analysis_artifacts
    ALTER COLUMN image_id TYPE varchar, ALTER COLUMN image_user_id TYPE varchar,
    ALTER COLUMN analyzer_id TYPE varchar, ALTER COLUMN analyzer_artifact TYPE varchar,
    ALTER COLUMN analyzer_type TYPE varchar, ALTER COLUMN artifact_key TYPE varchar;

ALTER TABLE image_cpes
    ALTER COLUMN image_user_id TYPE varchar, ALTER COLUMN image_id TYPE varchar, ALTER COLUMN pkg_type TYPE varchar,
    ALTER COLUMN pkg_path TYPE varchar, ALTER COLUMN cpetype TYPE varchar, ALTER COLUMN vendor TYPE varchar,
    ALTER COLUMN name TYPE varchar, ALTER COLUMN version TYPE varchar, ALTER COLUMN update TYPE varchar,
    ALTER COLUMN meta TYPE varchar;

ALTER TABLE image_fs_analysis_dump
    ALTER COLUMN image_id TYPE varchar, ALTER COLUMN image_user_id TYPE varchar,
    ALTER COLUMN compressed_content_hash TYPE varchar, ALTER COLUMN compression_algorithm TYPE varchar;

ALTER TABLE image_gems
    ALTER COLUMN image_user_id TYPE varchar, ALTER COLUMN image_id TYPE varchar,
    ALTER COLUMN path_hash TYPE varchar, ALTER COLUMN path TYPE varchar, ALTER COLUMN name TYPE varchar,
    ALTER COLUMN source_pkg TYPE varchar, ALTER COLUMN latest TYPE varchar;

ALTER TABLE image_npms
    ALTER COLUMN image_user_id TYPE varchar, ALTER COLUMN image_id TYPE varchar,
    ALTER COLUMN path_hash TYPE varchar, ALTER COLUMN path TYPE varchar, ALTER COLUMN name TYPE varchar,
    ALTER COLUMN source_pkg TYPE varchar, ALTER COLUMN latest TYPE varchar;

ALTER TABLE images
    ALTER COLUMN id TYPE varchar, ALTER COLUMN user_id TYPE varchar, ALTER COLUMN digest TYPE varchar,
    ALTER COLUMN distro_name TYPE varchar, ALTER COLUMN distro_version TYPE varchar,
    ALTER COLUMN like_distro TYPE varchar, ALTER COLUMN dockerfile_mode TYPE varchar;

-- Drops the foreign key over severity. PostgreSQL cannot alter a column under a foreign key that has an enum as well
-- ("could not find cast"): this one goes for a while and is checked when it comes back, as the only one.
DO $$
DECLARE
    k text;
BEGIN
    FOR k IN SELECT conname FROM pg_constraint
        WHERE contype = 'f' AND conrelid = 'feed_data_cpe_vulnerabilities'::regclass
            AND confrelid = 'feed_data_nvd_vulnerabilities'::regclass
    LOOP
        EXECUTE format('ALTER TABLE feed_data_cpe_vulnerabilities DROP CONSTRAINT %I', k);
    END LOOP;
END $$;

ALTER TABLE feed_data_cpe_vulnerabilities
    ALTER COLUMN feed_name TYPE varchar, ALTER COLUMN namespace_name TYPE varchar,
    ALTER COLUMN vulnerability_id TYPE varchar, ALTER COLUMN cpetype TYPE varchar, ALTER COLUMN vendor TYPE varchar,
    ALTER COLUMN name TYPE varchar, ALTER COLUMN version TYPE varchar, ALTER COLUMN update TYPE varchar,
    ALTER COLUMN meta TYPE varchar, ALTER COLUMN link TYPE varchar;

ALTER TABLE feed_data_nvd_vulnerabilities
    ALTER COLUMN name TYPE varchar, ALTER COLUMN namespace_name TYPE varchar;

ALTER TABLE feed_data_cpe_vulnerabilities
    ADD CONSTRAINT feed_data_cpe_vulnerabilities_vulnerability_id_namespace_n_fkey
    FOREIGN KEY (vulnerability_id, namespace_name, severity)
    REFERENCES feed_data_nvd_vulnerabilities(name, namespace_name, severity);

ALTER TABLE feed_data_vulnerabilities_fixed_artifacts
    ALTER COLUMN vulnerability_id TYPE varchar, ALTER COLUMN namespace_name TYPE varchar,
    ALTER COLUMN name TYPE varchar, ALTER COLUMN version TYPE varchar, ALTER COLUMN version_format TYPE varchar,
    ALTER COLUMN epochless_version TYPE varchar;

ALTER TABLE feed_data_vulnerabilities_vulnerable_artifacts
    ALTER COLUMN vulnerability_id TYPE varchar, ALTER COLUMN namespace_name TYPE varchar,
    ALTER COLUMN name TYPE varchar, ALTER COLUMN version TYPE varchar, ALTER COLUMN version_format TYPE varchar,
    ALTER COLUMN epochless_version TYPE varchar;

ALTER TABLE feed_data_vulnerabilities
    ALTER COLUMN id TYPE varchar, ALTER COLUMN namespace_name TYPE varchar, ALTER COLUMN link TYPE varchar,
    ALTER COLUMN cvss2_vectors TYPE varchar;

ALTER TABLE feed_data_gem_packages
    ALTER COLUMN name TYPE varchar, ALTER COLUMN latest TYPE varchar;

ALTER TABLE feed_data_npm_packages
    ALTER COLUMN name TYPE varchar, ALTER COLUMN sourcepkg TYPE varchar, ALTER COLUMN latest TYPE varchar;

ALTER TABLE feed_group_data
    ALTER COLUMN feed TYPE varchar, ALTER COLUMN "group" TYPE varchar, ALTER COLUMN id TYPE varchar;

ALTER TABLE feed_groups
    ALTER COLUMN name TYPE varchar, ALTER COLUMN feed_name TYPE varchar, ALTER COLUMN description TYPE varchar;

ALTER TABLE feeds
    ALTER COLUMN name TYPE varchar, ALTER COLUMN description TYPE varchar;

ALTER TABLE distro_mappings
    ALTER COLUMN from_distro TYPE varchar, ALTER COLUMN to_distro TYPE varchar, ALTER COLUMN flavor TYPE varchar;

-- The same values under the names of client registration.
ALTER TABLE oauth2_clients RENAME COLUMN issued_at TO client_id_issued_at;

ALTER TABLE oauth2_clients RENAME COLUMN expires_at TO client_secret_expires_at;

ALTER TABLE oauth2_clients ADD COLUMN client_metadata text;

-- The four functions from as_json to as_metadata are the same in 0.0.14--0.0.13.sql: change both.
--
-- redirect_uri, grant_type and response_type hold one item a line; contact and jwks_text should hold JSON, but may
-- hold anything. Whatever the list or the JSON does not give back to the letter is kept under the name of the old
-- column as well. i18n_metadata is kept as its text. The three columns that are never NULL are kept unless empty.
CREATE FUNCTION pg_temp.as_json(value text) RETURNS json LANGUAGE plpgsql STRICT AS $$
BEGIN
    RETURN json_build_array(value::json) -> 0;
EXCEPTION WHEN others THEN
    RETURN NULL;
END $$;

CREATE FUNCTION pg_temp.as_lines(value text) RETURNS json LANGUAGE sql AS $$
    SELECT to_json(string_to_array(
        regexp_replace(replace(replace(value, E'\r\n', E'\n'), E'\r', E'\n'), E'\n$', ''), E'\n'))
$$;

CREATE FUNCTION pg_temp.as_list(value text) RETURNS json LANGUAGE sql AS $$
    SELECT CASE WHEN json_typeof(pg_temp.as_json(value)) = 'array' THEN pg_temp.as_json(value)
        ELSE pg_temp.as_lines(value) END
$$;

CREATE FUNCTION pg_temp.as_metadata(c oauth2_clients) RETURNS json LANGUAGE sql AS $$
    SELECT json_object_agg(key, value ORDER BY n) FROM (VALUES
        (1, 'redirect_uris', pg_temp.as_lines(c.redirect_uri)),
        (2, 'token_endpoint_auth_method', to_json(c.token_endpoint_auth_method)),
        (3, 'grant_types', pg_temp.as_lines(nullif(c.grant_type, ''))),
        (4, 'response_types', pg_temp.as_lines(nullif(c.response_type, ''))),
        (5, 'scope', to_json(nullif(c.scope, ''))),
        (6, 'client_name', to_json(c.client_name)),
        (7, 'client_uri', to_json(c.client_uri)),
        (8, 'logo_uri', to_json(c.logo_uri)),
        (9, 'contacts', pg_temp.as_list(c.contact)),
        (10, 'tos_uri', to_json(c.tos_uri)),
        (11, 'policy_uri', to_json(c.policy_uri)),
        (12, 'jwks_uri', to_json(c.jwks_uri)),
        (13, 'jwks', pg_temp.as_json(c.jwks_text)),
        (14, 'software_id', to_json(c.software_id)),
        (15, 'software_version', to_json(c.software_version)),
        (16, 'i18n_metadata', to_json(c.i18n_metadata)),
        (17, 'redirect_uri', CASE WHEN c.redirect_uri ~ E'\r|\n$' THEN to_json(c.redirect_uri) END),
        (18, 'grant_type', CASE WHEN c.grant_type ~ E'\r|\n$' THEN to_json(c.grant_type) END),
        (19, 'response_type', CASE WHEN c.response_type ~ E'\r|\n$' THEN to_json(c.response_type) END),
        (20, 'contact', CASE WHEN pg_temp.as_list(c.contact)::text <> c.contact THEN to_json(c.contact) END),
        (21, 'jwks_text', CASE WHEN pg_temp.as_json(c.jwks_text)::text IS DISTINCT FROM c.jwks_text
            THEN to_json(c.jwks_text) END)) AS metadata(n, key, value)
    WHERE value IS NOT NULL
$$;

UPDATE oauth2_clients AS c SET client_metadata = pg_temp.as_metadata(c);

DROP FUNCTION pg_temp.as_metadata(oauth2_clients);
DROP FUNCTION pg_temp.as_list(text);
DROP FUNCTION pg_temp.as_lines(text);
DROP FUNCTION pg_temp.as_json(text);

ALTER TABLE oauth2_clients
    DROP COLUMN redirect_uri, DROP COLUMN token_endpoint_auth_method, DROP COLUMN grant_type,
    DROP COLUMN response_type, DROP COLUMN scope, DROP COLUMN client_name, DROP COLUMN client_uri,
    DROP COLUMN logo_uri, DROP COLUMN contact, DROP COLUMN tos_uri, DROP COLUMN policy_uri, DROP COLUMN jwks_uri,
    DROP COLUMN jwks_text, DROP COLUMN i18n_metadata, DROP COLUMN software_id, DROP COLUMN software_version;
