-- Downgrade of an Anchore Engine database from version 0.0.16 to 0.0.15.
--
-- Keeps every row: both versions have the same schema, and 0.0.15 can hold whatever 0.0.16 holds.
-- Not given back: the feed groups github:os and github:unknown that the upgrade deleted, with their records
-- and matches. They come from the feed: the next feed sync of 0.0.15 makes them again if the feed has them.

-- Nothing is to be done; an edge has at least one statement, and this one touches nothing.
SELECT 1;
