-- Schema of an Anchore Engine database, version 0.0.12, as release 0.6.1 of the engine creates it.
-- Tables stand in alphabetical order, each after those that it references. No rows: whoever
-- creates the database writes the one row of table anchore. Foreign keys of several columns have the
-- name that PostgreSQL 12 and later give them, for older servers choose another.

CREATE TYPE account_states AS ENUM (
    'enabled', 'disabled', 'deleting'
);

CREATE TYPE account_types AS ENUM (
    'user', 'admin', 'service', 'external'
);

CREATE TYPE anchore_image_types AS ENUM (
    'undefined', 'base', 'application', 'user', 'intermediate'
);

CREATE TYPE archive_transition_history_state AS ENUM (
    'pending', 'complete'
);

CREATE TYPE archive_transitions AS ENUM (
    'archive', 'delete'
);

CREATE TYPE image_states AS ENUM (
    'failed', 'initializing', 'analyzing', 'analyzed'
);

CREATE TYPE task_states AS ENUM (
    'initializing', 'pending', 'running', 'complete', 'failed'
);

CREATE TYPE user_access_credential_types AS ENUM (
    'password', 'token'
);

CREATE TYPE user_types AS ENUM (
    'native', 'external', 'internal'
);

CREATE TYPE vulnerability_severities AS ENUM (
    'Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'
);

CREATE SEQUENCE image_gems_seq_id_seq;

CREATE SEQUENCE image_npms_seq_id_seq;

CREATE TABLE accounts (
    name         varchar NOT NULL,
    state        account_states,
    type         account_types NOT NULL,
    email        varchar,
    created_at   integer,
    last_updated integer,
    PRIMARY KEY (name)
);

CREATE TABLE account_users (
    username     varchar NOT NULL,
    account_name varchar,
    type         user_types NOT NULL,
    source       varchar,
    created_at   integer,
    last_updated integer,
    uuid         varchar NOT NULL,
    PRIMARY KEY (username),
    FOREIGN KEY (account_name) REFERENCES accounts(name)
);
CREATE INDEX ix_account_users_account_name ON account_users (account_name);
CREATE UNIQUE INDEX ix_account_users_uuid ON account_users (uuid);

CREATE TABLE anchore (
    service_version  varchar NOT NULL,
    db_version       varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    scanner_version  varchar,
    PRIMARY KEY (service_version, db_version)
);

CREATE TABLE archive_document (
    bucket           varchar NOT NULL,
    "archiveId"      varchar NOT NULL,
    "userId"         varchar NOT NULL,
    "documentName"   varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    jsondata         varchar,
    b64_encoded      boolean,
    PRIMARY KEY (bucket, "archiveId", "userId", "documentName")
);

CREATE TABLE archive_metadata (
    bucket            varchar NOT NULL,
    "archiveId"       varchar NOT NULL,
    "userId"          varchar NOT NULL,
    "documentName"    varchar NOT NULL,
    content_url       varchar,
    is_compressed     boolean,
    digest            varchar,
    size              bigint,
    document_metadata varchar,
    created_at        integer,
    last_updated      integer,
    record_state_key  varchar,
    record_state_val  varchar,
    PRIMARY KEY (bucket, "archiveId", "userId", "documentName")
);

CREATE TABLE tasks (
    id           serial NOT NULL,
    state        task_states,
    last_state   task_states,
    created_at   timestamp,
    started_at   timestamp,
    ended_at     timestamp,
    last_updated timestamp,
    executor_id  varchar,
    type         varchar,
    PRIMARY KEY (id)
);

CREATE TABLE archive_migration_tasks (
    id                           integer NOT NULL,
    migrate_from_driver          varchar,
    migrate_to_driver            varchar,
    archive_documents_to_migrate integer,
    archive_documents_migrated   integer,
    online_migration             boolean,
    PRIMARY KEY (id),
    FOREIGN KEY (id) REFERENCES tasks(id)
);

CREATE TABLE catalog_archive_transition_history (
    transition_task_id varchar NOT NULL,
    account            varchar NOT NULL,
    rule_id            varchar NOT NULL,
    image_digest       varchar NOT NULL,
    transition         archive_transitions NOT NULL,
    transition_state   archive_transition_history_state,
    created_at         integer,
    last_updated       integer,
    PRIMARY KEY (transition_task_id, account, rule_id, image_digest, transition)
);

CREATE TABLE catalog_archive_transition_rules (
    account             varchar NOT NULL,
    rule_id             varchar NOT NULL,
    transition          archive_transitions,
    selector_registry   varchar,
    selector_repository varchar,
    selector_tag        varchar,
    tag_versions_newer  integer,
    analysis_age_days   integer,
    system_global       boolean,
    created_at          integer,
    last_updated        integer,
    PRIMARY KEY (account, rule_id)
);

CREATE TABLE catalog_archived_images (
    account                   varchar NOT NULL,
    "imageDigest"             varchar NOT NULL,
    "parentDigest"            varchar,
    image_record_created_at   integer,
    image_record_last_updated integer,
    analyzed_at               integer,
    status                    varchar,
    annotations               json,
    manifest_bucket           varchar,
    manifest_key              varchar,
    archive_size_bytes        bigint,
    created_at                integer,
    last_updated              integer,
    record_state_key          varchar,
    record_state_val          varchar,
    PRIMARY KEY (account, "imageDigest")
);

CREATE TABLE catalog_archived_images_docker (
    account          varchar NOT NULL,
    "imageDigest"    varchar NOT NULL,
    registry         varchar NOT NULL,
    repository       varchar NOT NULL,
    tag              varchar NOT NULL,
    "imageId"        varchar,
    created_at       integer,
    last_updated     integer,
    tag_detected_at  integer,
    record_state_key varchar,
    record_state_val varchar,
    PRIMARY KEY (account, "imageDigest", registry, repository, tag)
);

CREATE TABLE catalog_image (
    "imageDigest"    varchar NOT NULL,
    "userId"         varchar NOT NULL,
    "parentDigest"   varchar,
    created_at       integer,
    last_updated     integer,
    analyzed_at      integer,
    record_state_key varchar,
    record_state_val varchar,
    image_type       varchar,
    arch             varchar,
    distro           varchar,
    distro_version   varchar,
    dockerfile_mode  varchar,
    image_size       bigint,
    layer_count      integer,
    annotations      varchar,
    analysis_status  varchar,
    image_status     varchar,
    PRIMARY KEY ("imageDigest", "userId")
);

CREATE TABLE catalog_image_docker (
    "imageDigest"    varchar NOT NULL,
    "userId"         varchar NOT NULL,
    registry         varchar NOT NULL,
    repo             varchar NOT NULL,
    tag              varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    tag_detected_at  integer,
    record_state_key varchar,
    record_state_val varchar,
    digest           varchar,
    "imageId"        varchar,
    dockerfile       varchar,
    PRIMARY KEY ("imageDigest", "userId", registry, repo, tag)
);

CREATE TABLE distro_mappings (
    from_distro varchar(64) NOT NULL,
    to_distro   varchar(64),
    flavor      varchar(64),
    created_at  timestamp,
    PRIMARY KEY (from_distro)
);

CREATE TABLE events (
    generated_uuid     varchar NOT NULL,
    created_at         timestamp,
    resource_user_id   varchar,
    resource_id        varchar,
    resource_type      varchar,
    source_servicename varchar,
    source_base_url    varchar,
    source_hostid      varchar,
    source_request_id  varchar,
    type               varchar,
    level              varchar,
    message            varchar,
    details            text,
    "timestamp"        timestamp,
    PRIMARY KEY (generated_uuid)
);
CREATE INDEX ix_level ON events (level);
CREATE INDEX ix_resource_id ON events (resource_id);
CREATE INDEX ix_resource_type ON events (resource_type);
CREATE INDEX ix_resource_user_id ON events (resource_user_id);
CREATE INDEX ix_source_hostid ON events (source_hostid);
CREATE INDEX ix_source_servicename ON events (source_servicename);
CREATE INDEX ix_timestamp ON events ("timestamp" DESC);
CREATE INDEX ix_type ON events (type);

CREATE TABLE feed_data_nvd_vulnerabilities (
    name                     varchar(128) NOT NULL,
    namespace_name           varchar(64) NOT NULL,
    severity                 vulnerability_severities NOT NULL,
    vulnerable_configuration text,
    vulnerable_software      text,
    summary                  varchar,
    cvss                     text,
    created_at               timestamp,
    updated_at               timestamp,
    PRIMARY KEY (name, namespace_name, severity)
);

CREATE TABLE feed_data_cpe_vulnerabilities (
    feed_name        varchar(64) NOT NULL,
    namespace_name   varchar(64) NOT NULL,
    vulnerability_id varchar(128) NOT NULL,
    severity         vulnerability_severities NOT NULL,
    cpetype          varchar(255) NOT NULL,
    vendor           varchar(255) NOT NULL,
    name             varchar(255) NOT NULL,
    version          varchar(128) NOT NULL,
    update           varchar(128) NOT NULL,
    meta             varchar(255) NOT NULL,
    link             varchar(1024),
    created_at       timestamp,
    updated_at       timestamp,
    PRIMARY KEY (feed_name, namespace_name, vulnerability_id, severity, cpetype, vendor, name, version, update, meta),
    CONSTRAINT feed_data_cpe_vulnerabilities_vulnerability_id_namespace_n_fkey
        FOREIGN KEY (vulnerability_id, namespace_name, severity)
        REFERENCES feed_data_nvd_vulnerabilities(name, namespace_name, severity)
);
CREATE INDEX ix_feed_data_cpe_vulnerabilities_fk ON feed_data_cpe_vulnerabilities (vulnerability_id, namespace_name, severity);
CREATE INDEX ix_feed_data_cpe_vulnerabilities_name_version ON feed_data_cpe_vulnerabilities (name, version);

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
    PRIMARY KEY (
        feed_name, namespace_name, vulnerability_id, part, vendor, product, version, update, edition, language,
        sw_edition, target_sw, target_hw, other
    ),
    CONSTRAINT feed_data_cpev2_vulnerabiliti_vulnerability_id_namespace_n_fkey
        FOREIGN KEY (vulnerability_id, namespace_name)
        REFERENCES feed_data_nvdv2_vulnerabilities(name, namespace_name)
);
CREATE INDEX ix_feed_data_cpev2_vulnerabilities_fk ON feed_data_cpev2_vulnerabilities (vulnerability_id, namespace_name);
CREATE INDEX ix_feed_data_cpev2_vulnerabilities_name_version ON feed_data_cpev2_vulnerabilities (product, version);

CREATE TABLE feed_data_gem_packages (
    name          varchar(255) NOT NULL,
    id            bigint,
    latest        varchar(128),
    licenses_json text,
    authors_json  text,
    versions_json text,
    created_at    timestamp,
    updated_at    timestamp,
    PRIMARY KEY (name)
);

CREATE TABLE feed_data_npm_packages (
    name          varchar(255) NOT NULL,
    sourcepkg     varchar(255),
    lics_json     text,
    origins_json  text,
    latest        varchar(255),
    versions_json text,
    created_at    timestamp,
    updated_at    timestamp,
    PRIMARY KEY (name)
);

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
    PRIMARY KEY (
        feed_name, namespace_name, vulnerability_id, part, vendor, product, version, update, edition, language,
        sw_edition, target_sw, target_hw, other, is_affected
    ),
    CONSTRAINT feed_data_vulndb_cpes_vulnerability_id_namespace_name_fkey
        FOREIGN KEY (vulnerability_id, namespace_name)
        REFERENCES feed_data_vulndb_vulnerabilities(name, namespace_name)
);
CREATE INDEX ix_feed_data_vulndb_affected_cpes_fk ON feed_data_vulndb_cpes (vulnerability_id, namespace_name);
CREATE INDEX ix_feed_data_vulndb_affected_cpes_product_version ON feed_data_vulndb_cpes (product, version);

CREATE TABLE feed_data_vulnerabilities (
    id             varchar(128) NOT NULL,
    namespace_name varchar(64) NOT NULL,
    severity       vulnerability_severities NOT NULL,
    description    text,
    link           varchar(1024),
    metadata_json  text,
    cvss2_vectors  varchar(256),
    cvss2_score    double precision,
    created_at     timestamp,
    updated_at     timestamp,
    PRIMARY KEY (id, namespace_name)
);

CREATE TABLE feed_data_vulnerabilities_fixed_artifacts (
    vulnerability_id       varchar(128) NOT NULL,
    namespace_name         varchar(64) NOT NULL,
    name                   varchar(255) NOT NULL,
    version                varchar(128) NOT NULL,
    version_format         varchar(32),
    epochless_version      varchar(128),
    include_later_versions boolean,
    vendor_no_advisory     boolean,
    fix_metadata           text,
    created_at             timestamp,
    updated_at             timestamp,
    fix_observed_at        timestamp,
    PRIMARY KEY (vulnerability_id, namespace_name, name, version),
    CONSTRAINT feed_data_vulnerabilities_fix_vulnerability_id_namespace_n_fkey
        FOREIGN KEY (vulnerability_id, namespace_name)
        REFERENCES feed_data_vulnerabilities(id, namespace_name)
);

CREATE TABLE feed_data_vulnerabilities_vulnerable_artifacts (
    vulnerability_id          varchar(128) NOT NULL,
    namespace_name            varchar(64) NOT NULL,
    name                      varchar(255) NOT NULL,
    version                   varchar(128) NOT NULL,
    version_format            varchar(32),
    epochless_version         varchar(128),
    include_previous_versions boolean,
    created_at                timestamp,
    updated_at                timestamp,
    PRIMARY KEY (vulnerability_id, namespace_name, name, version),
    CONSTRAINT feed_data_vulnerabilities_vul_vulnerability_id_namespace_n_fkey
        FOREIGN KEY (vulnerability_id, namespace_name)
        REFERENCES feed_data_vulnerabilities(id, namespace_name)
);

CREATE TABLE feed_group_data (
    feed       varchar(64) NOT NULL,
    "group"    varchar(64) NOT NULL,
    id         varchar(128) NOT NULL,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    data       text NOT NULL,
    PRIMARY KEY (feed, "group", id)
);

CREATE TABLE feeds (
    name           varchar(64) NOT NULL,
    description    varchar(512),
    access_tier    integer,
    last_full_sync timestamp,
    last_update    timestamp,
    created_at     timestamp,
    PRIMARY KEY (name)
);

CREATE TABLE feed_groups (
    name        varchar(64) NOT NULL,
    feed_name   varchar(64) NOT NULL,
    description varchar(512),
    access_tier integer,
    last_sync   timestamp,
    created_at  timestamp,
    PRIMARY KEY (name, feed_name),
    FOREIGN KEY (feed_name) REFERENCES feeds(name)
);

CREATE TABLE images (
    id                  varchar(80) NOT NULL,
    user_id             varchar(64) NOT NULL,
    state               image_states,
    anchore_type        anchore_image_types,
    size                bigint,
    created_at          timestamp NOT NULL,
    last_modified       timestamp NOT NULL,
    digest              varchar(74),
    distro_name         varchar(64),
    distro_version      varchar(64),
    like_distro         varchar(64),
    layers_json         text,
    docker_history_json text,
    docker_data_json    text,
    familytree_json     text,
    layer_info_json     text,
    dockerfile_contents text,
    dockerfile_mode     varchar(16),
    PRIMARY KEY (id, user_id)
);

CREATE TABLE image_analysis_artifacts (
    image_id          varchar(80) NOT NULL,
    image_user_id     varchar(64) NOT NULL,
    analyzer_id       varchar(128) NOT NULL,
    analyzer_artifact varchar(128) NOT NULL,
    analyzer_type     varchar(128) NOT NULL,
    artifact_key      varchar(256) NOT NULL,
    str_value         text,
    json_value        text,
    binary_value      bytea,
    created_at        timestamp NOT NULL,
    last_modified     timestamp NOT NULL,
    PRIMARY KEY (image_id, image_user_id, analyzer_id, analyzer_artifact, analyzer_type, artifact_key),
    CONSTRAINT image_analysis_artifacts_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);

CREATE TABLE image_cpes (
    image_user_id varchar(64) NOT NULL,
    image_id      varchar(80) NOT NULL,
    pkg_type      varchar(32) NOT NULL,
    pkg_path      varchar(512) NOT NULL,
    cpetype       varchar(255) NOT NULL,
    vendor        varchar(255) NOT NULL,
    name          varchar(255) NOT NULL,
    version       varchar(128) NOT NULL,
    update        varchar(128) NOT NULL,
    meta          varchar(255) NOT NULL,
    PRIMARY KEY (image_user_id, image_id, pkg_type, pkg_path, cpetype, vendor, name, version, update, meta),
    CONSTRAINT image_cpes_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);
CREATE INDEX ix_image_cpe_user_img ON image_cpes (image_id, image_user_id);

CREATE TABLE image_fs_analysis_dump (
    image_id                varchar(80) NOT NULL,
    image_user_id           varchar(64) NOT NULL,
    compressed_content_hash varchar(74),
    compressed_file_json    bytea NOT NULL,
    total_entry_count       integer,
    file_count              integer,
    directory_count         integer,
    non_packaged_count      integer,
    suid_count              integer,
    compression_algorithm   varchar(32),
    created_at              timestamp,
    updated_at              timestamp,
    PRIMARY KEY (image_id, image_user_id),
    CONSTRAINT image_fs_analysis_dump_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);

CREATE TABLE image_gems (
    image_user_id varchar(64) NOT NULL,
    image_id      varchar(80) NOT NULL,
    path_hash     varchar(80) NOT NULL,
    path          varchar(512),
    name          varchar(255),
    files_json    text,
    origins_json  text,
    source_pkg    varchar(255),
    licenses_json text,
    versions_json text,
    latest        varchar(128),
    seq_id        integer DEFAULT nextval('image_gems_seq_id_seq'),
    PRIMARY KEY (image_user_id, image_id, path_hash),
    CONSTRAINT image_gems_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);
CREATE INDEX idx_gem_seq ON image_gems (seq_id);

CREATE TABLE image_npms (
    image_user_id varchar(64) NOT NULL,
    image_id      varchar(80) NOT NULL,
    path_hash     varchar(80) NOT NULL,
    path          varchar(512),
    name          varchar(255),
    origins_json  text,
    source_pkg    varchar(255),
    licenses_json text,
    versions_json text,
    latest        varchar(128),
    seq_id        integer DEFAULT nextval('image_npms_seq_id_seq'),
    PRIMARY KEY (image_user_id, image_id, path_hash),
    CONSTRAINT image_npms_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);
CREATE INDEX idx_npm_seq ON image_npms (seq_id);

CREATE TABLE image_packages (
    image_id           varchar(80) NOT NULL,
    image_user_id      varchar(64) NOT NULL,
    name               varchar(255) NOT NULL,
    version            varchar(128) NOT NULL,
    pkg_type           varchar(32) NOT NULL,
    arch               varchar(16) NOT NULL,
    pkg_path           varchar(512) NOT NULL,
    pkg_path_hash      varchar(80),
    distro_name        varchar(64),
    distro_version     varchar(64),
    like_distro        varchar(64),
    fullversion        varchar(128),
    release            varchar(128),
    origin             varchar,
    src_pkg            varchar(383),
    normalized_src_pkg varchar(383),
    metadata_json      text,
    license            varchar(1024),
    size               bigint,
    created_at         timestamp,
    updated_at         timestamp,
    PRIMARY KEY (image_id, image_user_id, name, version, pkg_type, arch, pkg_path),
    CONSTRAINT image_packages_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);
CREATE INDEX ix_image_package_distronamespace ON image_packages (name, version, distro_name, distro_version, normalized_src_pkg);

CREATE TABLE image_package_db_entries (
    image_id         varchar(80) NOT NULL,
    image_user_id    varchar(64) NOT NULL,
    pkg_name         varchar(255) NOT NULL,
    pkg_version      varchar(128) NOT NULL,
    pkg_type         varchar(32) NOT NULL,
    pkg_arch         varchar(16) NOT NULL,
    pkg_path         varchar(512) NOT NULL,
    file_path        varchar(512) NOT NULL,
    is_config_file   boolean,
    digest           varchar(74),
    digest_algorithm varchar(8),
    file_group_name  varchar,
    file_user_name   varchar,
    mode             integer,
    size             integer,
    PRIMARY KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, file_path),
    CONSTRAINT image_package_db_entries_image_id_image_user_id_pkg_name_p_fkey
        FOREIGN KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch, pkg_path)
);

CREATE TABLE image_package_vulnerabilities (
    pkg_user_id                  varchar(64) NOT NULL,
    pkg_image_id                 varchar(80) NOT NULL,
    pkg_name                     varchar(255) NOT NULL,
    pkg_version                  varchar(128) NOT NULL,
    pkg_type                     varchar(32) NOT NULL,
    pkg_arch                     varchar(16) NOT NULL,
    pkg_path                     varchar(512) NOT NULL,
    vulnerability_id             varchar(128) NOT NULL,
    vulnerability_namespace_name varchar(64),
    created_at                   timestamp,
    PRIMARY KEY (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path, vulnerability_id),
    CONSTRAINT image_package_vulnerabilities_pkg_image_id_pkg_user_id_pkg_fkey
        FOREIGN KEY (pkg_image_id, pkg_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, pkg_path)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch, pkg_path),
    CONSTRAINT image_package_vulnerabilities_vulnerability_id_vulnerabili_fkey
        FOREIGN KEY (vulnerability_id, vulnerability_namespace_name)
        REFERENCES feed_data_vulnerabilities(id, namespace_name)
);

CREATE TABLE leases (
    id         varchar NOT NULL,
    held_by    varchar,
    expires_at timestamp,
    epoch      bigint,
    PRIMARY KEY (id)
);

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

CREATE TABLE object_storage (
    "userId"        varchar NOT NULL,
    bucket          varchar NOT NULL,
    key             varchar NOT NULL,
    version         varchar NOT NULL,
    object_metadata varchar,
    content         bytea,
    created_at      integer,
    last_updated    integer,
    PRIMARY KEY ("userId", bucket, key, version)
);

CREATE TABLE policy_bundle (
    "policyId"       varchar NOT NULL,
    "userId"         varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    active           boolean,
    policy_source    varchar,
    PRIMARY KEY ("policyId", "userId")
);

CREATE TABLE policy_engine_evaluation_cache (
    user_id       varchar NOT NULL,
    image_id      varchar NOT NULL,
    eval_tag      varchar NOT NULL,
    bundle_id     varchar NOT NULL,
    bundle_digest varchar NOT NULL,
    result        text NOT NULL,
    created_at    timestamp NOT NULL,
    last_modified timestamp NOT NULL,
    PRIMARY KEY (user_id, image_id, eval_tag, bundle_id, bundle_digest)
);

CREATE TABLE policy_eval (
    "userId"         varchar NOT NULL,
    "imageDigest"    varchar NOT NULL,
    tag              varchar NOT NULL,
    "policyId"       varchar NOT NULL,
    final_action     varchar NOT NULL,
    created_at       integer NOT NULL,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    "evalId"         varchar,
    policyeval       varchar,
    PRIMARY KEY ("userId", "imageDigest", tag, "policyId", final_action, created_at)
);

CREATE TABLE queue (
    "queueId"        bigserial NOT NULL,
    "userId"         varchar NOT NULL,
    "queueName"      varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    popped           boolean,
    priority         boolean,
    data             varchar,
    "dataId"         varchar,
    tries            integer,
    max_tries        integer,
    receipt_handle   varchar,
    visible_at       timestamp,
    PRIMARY KEY ("queueId", "userId", "queueName")
);

CREATE TABLE queuemeta (
    "queueName"              varchar NOT NULL,
    "userId"                 varchar NOT NULL,
    created_at               integer,
    last_updated             integer,
    record_state_key         varchar,
    record_state_val         varchar,
    qlen                     bigint,
    max_outstanding_messages integer,
    visibility_timeout       integer,
    PRIMARY KEY ("queueName", "userId")
);

CREATE TABLE queues (
    "queueId"        varchar NOT NULL,
    "userId"         varchar NOT NULL,
    "dataId"         varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    data             varchar,
    tries            integer,
    max_tries        integer,
    PRIMARY KEY ("queueId", "userId", "dataId")
);

CREATE TABLE registries (
    registry         varchar NOT NULL,
    "userId"         varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    registry_type    varchar,
    registry_name    varchar,
    registry_user    varchar,
    registry_pass    varchar,
    registry_verify  boolean,
    registry_meta    varchar,
    PRIMARY KEY (registry, "userId")
);

CREATE TABLE services (
    hostid            varchar NOT NULL,
    servicename       varchar NOT NULL,
    created_at        integer,
    last_updated      integer,
    record_state_key  varchar,
    record_state_val  varchar,
    type              varchar,
    version           varchar,
    base_url          varchar,
    short_description varchar,
    status            boolean,
    status_message    varchar,
    heartbeat         integer,
    PRIMARY KEY (hostid, servicename)
);

CREATE TABLE subscriptions (
    subscription_id    varchar NOT NULL,
    "userId"           varchar NOT NULL,
    subscription_type  varchar NOT NULL,
    subscription_key   varchar NOT NULL,
    created_at         integer,
    last_updated       integer,
    record_state_key   varchar,
    record_state_val   varchar,
    subscription_value varchar,
    active             boolean,
    PRIMARY KEY (subscription_id, "userId", subscription_type, subscription_key)
);

CREATE TABLE user_access_credentials (
    username   varchar NOT NULL,
    type       user_access_credential_types NOT NULL,
    value      varchar NOT NULL,
    created_at integer,
    PRIMARY KEY (username, type),
    FOREIGN KEY (username) REFERENCES account_users(username)
);

CREATE TABLE users (
    "userId"         varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    password         varchar,
    email            varchar,
    acls             varchar,
    active           boolean,
    PRIMARY KEY ("userId")
);
