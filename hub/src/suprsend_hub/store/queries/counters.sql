-- name: add_to_counters
-- One row per workspace and name in the batch, in key order.
INSERT INTO counter AS c (workspace_id, name, slot, value)
SELECT * FROM unnest($1::integer[], $2::text[], $3::smallint[], $4::bigint[])
ON CONFLICT (workspace_id, name, slot) DO UPDATE SET value = c.value + excluded.value;

-- name: read_counter
SELECT coalesce(sum(value), 0)::bigint FROM counter WHERE workspace_id = $1 AND name = $2;

-- name: read_counters
SELECT name, sum(value)::bigint FROM counter WHERE workspace_id = $1 AND name = ANY($2::text[]) GROUP BY name;

-- name: delete_counters
DELETE FROM counter WHERE workspace_id = $1 AND name = ANY($2::text[]);
