-- Schema of an Anchore Engine database, version 0.0.3, as release 0.1.4 of the engine creates it.
-- Tables stand in alphabetical order, each after those that it references. No rows: whoever
-- creates the database writes the one row of table anchore. Foreign keys of several columns have the
-- name that PostgreSQL 12 and later give them, for older servers choose another.

CREATE TYPE anchore_image_types AS ENUM (
    'undefined', 'base', 'application', 'user', 'intermediate'
);

CREATE TYPE image_states AS ENUM (
    'failed', 'initializing', 'analyzing', 'analyzed'
);

CREATE TYPE vulnerability_severities AS ENUM (
    'Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'
);

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
    PRIMARY KEY (bucket, "archiveId", "userId", "documentName")
);

CREATE TABLE catalog_image (
    "imageDigest"    varchar NOT NULL,
    "userId"         varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    image_type       varchar,
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

CREATE TABLE eventlog (
    "hostId"         varchar NOT NULL,
    service_name     varchar NOT NULL,
    message          varchar NOT NULL,
    level            varchar NOT NULL,
    message_ts       integer,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    detail           varchar,
    PRIMARY KEY ("hostId", service_name, message, level)
);

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
    created_at             timestamp,
    updated_at             timestamp,
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
    PRIMARY KEY (image_user_id, image_id, path_hash),
    CONSTRAINT image_gems_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);

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
    PRIMARY KEY (image_user_id, image_id, path_hash),
    CONSTRAINT image_npms_image_id_image_user_id_fkey
        FOREIGN KEY (image_id, image_user_id)
        REFERENCES images(id, user_id)
);

CREATE TABLE image_packages (
    image_id           varchar(80) NOT NULL,
    image_user_id      varchar(64) NOT NULL,
    name               varchar(255) NOT NULL,
    version            varchar(128) NOT NULL,
    pkg_type           varchar(32) NOT NULL,
    arch               varchar(16) NOT NULL,
    distro_name        varchar(64),
    distro_version     varchar(64),
    like_distro        varchar(64),
    fullversion        varchar(128),
    release            varchar(128),
    origin             varchar(512),
    src_pkg            varchar(383),
    normalized_src_pkg varchar(383),
    license            varchar(1024),
    size               integer,
    created_at         timestamp,
    updated_at         timestamp,
    PRIMARY KEY (image_id, image_user_id, name, version, pkg_type, arch),
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
    file_path        varchar(512) NOT NULL,
    is_config_file   boolean,
    digest           varchar(74),
    digest_algorithm varchar(8),
    file_group_name  varchar,
    file_user_name   varchar,
    mode             integer,
    size             integer,
    PRIMARY KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch, file_path),
    CONSTRAINT image_package_db_entries_image_id_image_user_id_pkg_name_p_fkey
        FOREIGN KEY (image_id, image_user_id, pkg_name, pkg_version, pkg_type, pkg_arch)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch)
);

CREATE TABLE image_package_vulnerabilities (
    pkg_user_id                  varchar(64) NOT NULL,
    pkg_image_id                 varchar(80) NOT NULL,
    pkg_name                     varchar(255) NOT NULL,
    pkg_version                  varchar(128) NOT NULL,
    pkg_type                     varchar(32) NOT NULL,
    pkg_arch                     varchar(16) NOT NULL,
    vulnerability_id             varchar(128) NOT NULL,
    vulnerability_namespace_name varchar(64),
    created_at                   timestamp,
    PRIMARY KEY (pkg_user_id, pkg_image_id, pkg_name, pkg_version, pkg_type, pkg_arch, vulnerability_id),
    CONSTRAINT image_package_vulnerabilities_pkg_image_id_pkg_user_id_pkg_fkey
        FOREIGN KEY (pkg_image_id, pkg_user_id, pkg_name, pkg_version, pkg_type, pkg_arch)
        REFERENCES image_packages(image_id, image_user_id, name, version, pkg_type, arch),
    CONSTRAINT image_package_vulnerabilities_vulnerability_id_vulnerabili_fkey
        FOREIGN KEY (vulnerability_id, vulnerability_namespace_name)
        REFERENCES feed_data_vulnerabilities(id, namespace_name)
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
    PRIMARY KEY ("queueId", "userId", "queueName")
);

CREATE TABLE queuemeta (
    "queueName"      varchar NOT NULL,
    "userId"         varchar NOT NULL,
    created_at       integer,
    last_updated     integer,
    record_state_key varchar,
    record_state_val varchar,
    qlen             bigint,
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
