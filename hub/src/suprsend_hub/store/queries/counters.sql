-- A counter lives where what it counts lives: `place` is the id of the object or list, '' if it counts a whole workspace.

-- name: add_to_counters
-- One row per counter in the batch, in key order. Returns how often ids have become aliases, because who has just created
-- a user must look whether its id is one; every slot of a workspace's users knows.
INSERT INTO counter AS c (workspace_id, name, place, slot, value, aliases_made)
SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[])
ON CONFLICT (workspace_id, name, place, slot) DO UPDATE
SET value = c.value + excluded.value, aliases_made = c.aliases_made + excluded.aliases_made
RETURNING c.workspace_id, c.aliases_made;

-- name: read_counter
SELECT coalesce(sum(value), 0)::bigint FROM counter WHERE workspace_id = $1 AND name = $2 AND place = $3;

-- name: read_counters
SELECT k.position, sum(c.value)::bigint
FROM (
    SELECT $1::integer AS workspace_id, name, place, position
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (name, place, position)
    OFFSET 0
) AS k
JOIN counter AS c USING (workspace_id, name, place)
GROUP BY k.position;

-- name: delete_counters
DELETE FROM counter AS c
USING (
    SELECT $1::integer AS workspace_id, name, place FROM unnest($2::text[], $3::text[]) AS k (name, place) OFFSET 0
) AS k
WHERE c.workspace_id = k.workspace_id AND c.name = k.name AND c.place = k.place;
