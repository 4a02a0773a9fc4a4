-- Upgrade of an Anchore Engine database from version 0.0.10 to 0.0.11.
--
-- New: tables oauth2_clients, oauth2_tokens, feed_data_nvdv2_vulnerabilities, feed_data_cpev2_vulnerabilities,
-- feed_data_vulndb_vulnerabilities and feed_data_vulndb_cpes, all empty; enum user_types; columns
-- account_users.type, source and uuid, registries.registry_name and
-- feed_data_vulnerabilities_fixed_artifacts.fix_observed_at, with values except source.
-- Kept: everything else. Nothing is lost.

CREATE TYPE user_types AS ENUM ('native', 'external', 'internal');

CREATE TABLE oauth2_clients (
    client_id                  varchar(48),
    client_secret              varchar(120),
    issued_at                  integer NOT NULL,
    expires_at                 integer NOT NULL,
    redirect_uri               text,
    token_endpoint_auth_method varchar(48),
    grant_type                 text NOT NULL,
    response_type              text NOT NULL,
    scope                      text NOT NULL,
    client_name                varchar(100),
    client_uri                 text,
    logo_uri                   text,
    contact                    text,
    tos_uri                    text,
    policy_uri                 text,
    jwks_uri                   text,
    jwks_text                  text,
    i18n_metadata              text,
    software_id                varchar(36),
    software_version           varchar(48),
    id                         serial NOT NULL,
    user_id                    varchar,
    PRIMARY KEY (id)
);
CREATE INDEX ix_oauth2_clients_client_id ON oauth2_clients (client_id);

CREATE TABLE oauth2_tokens (
    id            serial NOT NULL,
    user_id       varchar,
    client_id     varchar,
    token_type    varchar,
    access_token  varchar NOT NULL,
    refresh_token varchar,
    scope         text,
    revoked       boolean,
    issued_at     integer NOT NULL,
    expires_in    integer NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (access_token)
);
CREATE INDEX ix_oauth2_tokens_refresh_token ON oauth2_tokens (refresh_token);

CREATE TABLE feed_data_nvdv2_vulnerabilities (
    name           varchar NOT NULL,
    namespace_name varchar NOT NULL,
    severity       vulnerability_severities NOT NULL,
    description    varchar,
    cvss_v2        json,
    cvss_v3        json,
    link           varchar,
    "references"   json,
    created_at     timestamp,
    updated_at     timestamp,
    PRIMARY KEY (name, namespace_name)
);
CREATE INDEX ix_feed_data_nvdv2_vulnerabilities_severity ON feed_data_nvdv2_vulnerabilities (severity);

-- PostgreSQL 11 and earlier would give the foreign keys of two columns other names: hence they are named.
CREATE TABLE feed_data_cpev2_vulnerabilities (
    feed_name        varchar NOT NULL,
    namespace_name   varchar NOT NULL,
    vulnerability_id varchar NOT NULL,
    part             varchar NOT NULL,
    vendor           varchar NOT NULL,
    product          varchar NOT NULL,
    version          varchar NOT NULL,
    update           varchar NOT NULL,
    edition          varchar NOT NULL,
    language         varchar NOT NULL,
    sw_edition       varchar NOT NULL,
    target_sw        varchar NOT NULL,
    target_hw        varchar NOT NULL,
    other            varchar NOT NULL,
    created_at       timestamp,
    updated_at       timestamp,
    PRIMARY KEY (feed_name, namespace_name, vulnerability_id, part, vendor, product, version, update, edition,
                 language, sw_edition, target_sw, target_hw, other),
    CONSTRAINT feed_data_cpev2_vulnerabiliti_vulnerability_id_namespace_n_fkey
        FOREIGN KEY (vulnerability_id, namespace_name) REFERENCES feed_data_nvdv2_vulnerabilities(name, namespace_name)
);
CREATE INDEX ix_feed_data_cpev2_vulnerabilities_fk ON feed_data_cpev2_vulnerabilities (vulnerability_id, namespace_name);
CREATE INDEX ix_feed_data_cpev2_vulnerabilities_name_version ON feed_data_cpev2_vulnerabilities (product, version);

CREATE TABLE feed_data_vulndb_vulnerabilities (
    name                 varchar NOT NULL,
    namespace_name       varchar NOT NULL,
    severity             vulnerability_severities NOT NULL,
    title                varchar,
    description          varchar,
    solution             varchar,
    vendor_product_info  json,
    "references"         json,
    vulnerable_packages  json,
    vulnerable_libraries json,
    vendor_cvss_v2       json,
    vendor_cvss_v3       json,
    nvd                  json,
    vuln_metadata        json,
    created_at           timestamp,
    updated_at           timestamp,
    PRIMARY KEY (name, namespace_name)
);
CREATE INDEX ix_feed_data_vulndb_vulnerabilities_severity ON feed_data_vulndb_vulnerabilities (severity);

CREATE TABLE feed_data_vulndb_cpes (
    feed_name        varchar NOT NULL,
    namespace_name   varchar NOT NULL,
    vulnerability_id varchar NOT NULL,
    part             varchar NOT NULL,
    vendor           varchar NOT NULL,
    product          varchar NOT NULL,
    version          varchar NOT NULL,
    update           varchar NOT NULL,
    edition          varchar NOT NULL,
    language         varchar NOT NULL,
    sw_edition       varchar NOT NULL,
    target_sw        varchar NOT NULL,
    target_hw        varchar NOT NULL,
    other            varchar NOT NULL,
    is_affected      boolean NOT NULL,
    created_at       timestamp,
    updated_at       timestamp,
    PRIMARY KEY (feed_name, namespace_name, vulnerability_id, part, vendor, product, version, update, edition,
                 language, sw_edition, target_sw, target_hw, other, is_affected),
    CONSTRAINT feed_data_vulndb_cpes_vulnerability_id_namespace_name_fkey
        FOREIGN KEY (vulnerability_id, namespace_name) REFERENCES feed_data_vulndb_vulnerabilities(name, namespace_name)
);
CREATE INDEX ix_feed_data_vulndb_affected_cpes_fk ON feed_data_vulndb_cpes (vulnerability_id, namespace_name);
CREATE INDEX ix_feed_data_vulndb_affected_cpes_product_version ON feed_data_vulndb_cpes (product, version);

ALTER TABLE registries ADD COLUMN registry_name varchar;

UPDATE registries SET registry_name = registry;

ALTER TABLE account_users
    ADD COLUMN type user_types,
    ADD COLUMN source varchar,
    ADD COLUMN uuid varchar;

-- A version 4 UUID: digit 13 is the version, digit 17 the variant. PostgreSQL 10 to 12 make none without an
-- extension, so the other digits come from md5 over random(), the clock, the transaction and the user name. Unique,
-- for every user name is; not unpredictable, and it need not be: it is an identifier, not a secret.
UPDATE account_users
SET type = CASE WHEN username = 'anchore-system' THEN 'internal'::user_types ELSE 'native' END,
    uuid = overlay(overlay(md5(concat_ws(' ', random(), random(), clock_timestamp(), txid_current(), username))
                           PLACING '4' FROM 13 FOR 1)
                   PLACING substr('89ab', 1 + floor(random() * 4)::integer, 1) FROM 17 FOR 1);

ALTER TABLE account_users
    ALTER COLUMN type SET NOT NULL,
    ALTER COLUMN uuid SET NOT NULL;

CREATE UNIQUE INDEX ix_account_users_uuid ON account_users (uuid);

-- The engine knows no better time for fixes that were known before this version. 'None' is no fix.
-- The values come with a rewrite, not with an UPDATE: nearly all rows change, and a rewrite leaves no dead rows and
-- builds the index once. It needs a second statement, for one ALTER TABLE cannot add a column and alter it.
ALTER TABLE feed_data_vulnerabilities_fixed_artifacts ADD COLUMN fix_observed_at timestamp;

ALTER TABLE feed_data_vulnerabilities_fixed_artifacts
    ALTER COLUMN fix_observed_at TYPE timestamp USING CASE WHEN version <> 'None' THEN updated_at END;
