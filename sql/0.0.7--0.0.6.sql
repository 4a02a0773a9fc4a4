-- Downgrade of an Anchore Engine database from version 0.0.7 to 0.0.6.
--
-- Keeps every row of every table that 0.0.6 knows, rows written under 0.0.7 included. Table eventlog
-- keeps its rows where it is still there; where it is not, it comes new and empty.
-- Loses the rows of the four tables that 0.0.6 does not know, and two columns. The values of these
-- columns that the upgrade would compute again are no loss.
--
-- loses: table events
-- loses: table image_cpes
-- loses: table feed_data_cpe_vulnerabilities
-- loses: table feed_data_nvd_vulnerabilities
-- loses: column catalog_image.analyzed_at
-- recomputes: column catalog_image.analyzed_at as CASE WHEN analysis_status = 'analyzed' THEN last_updated END
-- loses: column catalog_image_docker.tag_detected_at
-- recomputes: column catalog_image_docker.tag_detected_at as created_at

-- One statement, for a foreign key leads from the third table to the fourth. Without CASCADE: what an
-- operator has built on these tables stops the downgrade instead of vanishing.
DROP TABLE events, image_cpes, feed_data_cpe_vulnerabilities, feed_data_nvd_vulnerabilities;

ALTER TABLE catalog_image DROP COLUMN analyzed_at;

ALTER TABLE catalog_image_docker DROP COLUMN tag_detected_at;

CREATE TABLE IF NOT EXISTS eventlog (
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
