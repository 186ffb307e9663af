-- How many edits per second a workspace may make, per worker; 0 means no limit.
ALTER TABLE workspace ADD COLUMN edits_per_second integer NOT NULL DEFAULT 0;
ALTER TABLE workspace ADD COLUMN burst_edits      integer NOT NULL DEFAULT 0;
