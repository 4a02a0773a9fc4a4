-- Downgrade of an Anchore Engine database from version 0.0.15 to 0.0.14.
--
-- Keeps every row of every table that 0.0.14 knows, rows written under 0.0.15 included.
-- Loses the rows of the two tables that 0.0.14 does not know.
--
-- loses: table grype_db_feed_metadata
-- loses: table image_vulnerabilities_reports

-- Without CASCADE: what an operator has built on these tables stops the downgrade instead of vanishing.
DROP TABLE grype_db_feed_metadata, image_vulnerabilities_reports;
