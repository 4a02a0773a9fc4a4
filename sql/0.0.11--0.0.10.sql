-- Downgrade of an Anchore Engine database from version 0.0.11 to 0.0.10.
--
-- Keeps every row of every table that 0.0.10 knows, rows written under 0.0.11 included; a user of type 'external'
-- becomes a user like the others.
-- Loses the rows of the six tables that 0.0.10 does not know, and five columns. The values of these columns that the
-- upgrade would compute again are no loss. The uuid of a user is random: a later upgrade makes another one.
--
-- loses: table oauth2_clients
-- loses: table oauth2_tokens
-- loses: table feed_data_cpev2_vulnerabilities
-- loses: table feed_data_nvdv2_vulnerabilities
-- loses: table feed_data_vulndb_cpes
-- loses: table feed_data_vulndb_vulnerabilities
-- loses: column account_users.uuid
-- loses: column account_users.source
-- loses: column account_users.type
-- recomputes: column account_users.type as CASE WHEN username = 'anchore-system' THEN 'internal'::user_types ELSE 'native' END
-- loses: column registries.registry_name
-- recomputes: column registries.registry_name as registry
-- loses: column feed_data_vulnerabilities_fixed_artifacts.fix_observed_at
-- recomputes: column feed_data_vulnerabilities_fixed_artifacts.fix_observed_at as CASE WHEN version <> 'None' THEN updated_at END

-- One statement, for foreign keys lead from one to another. Without CASCADE: what an operator has built on these
-- tables stops the downgrade instead of vanishing.
DROP TABLE oauth2_clients, oauth2_tokens, feed_data_cpev2_vulnerabilities, feed_data_nvdv2_vulnerabilities,
    feed_data_vulndb_cpes, feed_data_vulndb_vulnerabilities;

-- Index ix_account_users_uuid goes with its column.
ALTER TABLE account_users
    DROP COLUMN type,
    DROP COLUMN source,
    DROP COLUMN uuid;

DROP TYPE user_types;

ALTER TABLE registries DROP COLUMN registry_name;

ALTER TABLE feed_data_vulnerabilities_fixed_artifacts DROP COLUMN fix_observed_at;
