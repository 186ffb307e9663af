-- Ids that recipients had before: aliases, tombstones, and former_id, which is the other end of both. $1 is the workspace,
-- $2 the object type, $3 the id, unless it says otherwise.

-- name: read_aliases
-- Where ids lead, each with the position of its key.
SELECT k.position, a.recipient_id
FROM (
    SELECT workspace_id, object_type, alias_id, position
    FROM unnest($1::integer[], $2::text[], $3::text[]) WITH ORDINALITY AS k (workspace_id, object_type, alias_id, position)
    OFFSET 0
) AS k
JOIN alias AS a USING (workspace_id, object_type, alias_id);

-- name: find_successor
-- Where an id leads, and into whom its recipient was merged.
SELECT (SELECT recipient_id FROM alias WHERE workspace_id = $1 AND object_type = $2 AND alias_id = $3) AS leads_to,
       (SELECT merged_into FROM tombstone WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3) AS merged_into;

-- name: find_tombstone
SELECT merged_into, merge_id, snapshot
FROM tombstone
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3;

-- name: put_alias
INSERT INTO alias (workspace_id, object_type, alias_id, recipient_id, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, object_type, alias_id) DO UPDATE
SET recipient_id = excluded.recipient_id, created_at = excluded.created_at;

-- name: put_tombstone
INSERT INTO tombstone (workspace_id, object_type, recipient_id, merged_into, merge_id, merged_at, snapshot)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workspace_id, object_type, recipient_id) DO UPDATE
SET merged_into = excluded.merged_into, merge_id = excluded.merge_id, merged_at = excluded.merged_at,
    snapshot = excluded.snapshot;

-- name: put_former_ids
INSERT INTO former_id (workspace_id, object_type, recipient_id, former_id)
SELECT $1, $2, $3, k.former_id FROM unnest($4::text[]) AS k (former_id)
ON CONFLICT DO NOTHING;

-- name: read_former_ids
SELECT former_id FROM former_id WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 ORDER BY former_id;

-- name: delete_former_id
DELETE FROM former_id WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND former_id = $4;

-- name: point_aliases
-- The aliases $4 lead to the recipient $3.
UPDATE alias AS a SET recipient_id = $3
FROM (
    SELECT $1::integer AS workspace_id, $2::text AS object_type, alias_id FROM unnest($4::text[]) AS k (alias_id) OFFSET 0
) AS k
WHERE a.workspace_id = k.workspace_id AND a.object_type = k.object_type AND a.alias_id = k.alias_id;

-- name: point_tombstones
-- The recipients $4 have been merged into $3.
UPDATE tombstone AS t SET merged_into = $3
FROM (
    SELECT $1::integer AS workspace_id, $2::text AS object_type, recipient_id
    FROM unnest($4::text[]) AS k (recipient_id)
    OFFSET 0
) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id;

-- name: forget_snapshots
-- Of merges before the edit $1, whose history is being deleted: they cannot be undone any more.
UPDATE tombstone AS t SET snapshot = NULL
FROM (
    SELECT workspace_id, object_type, recipient_id FROM tombstone
    WHERE merge_id < $1 AND snapshot IS NOT NULL
    LIMIT $2
) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id
RETURNING t.recipient_id;

-- name: find_related_ids
-- The former ids of recipients, and the recipients of which their ids are former ones.
WITH k AS MATERIALIZED (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
)
SELECT f.object_type, f.recipient_id, f.former_id
FROM k JOIN former_id AS f USING (workspace_id, object_type, recipient_id)
UNION ALL
SELECT a.object_type, a.recipient_id, a.alias_id
FROM k JOIN alias AS a
     ON a.workspace_id = k.workspace_id AND a.object_type = k.object_type AND a.alias_id = k.recipient_id
UNION ALL
SELECT t.object_type, t.merged_into, t.recipient_id
FROM k JOIN tombstone AS t USING (workspace_id, object_type, recipient_id);

-- name: lock_former_ids
-- In key order, as the other two; $2 to $4 are object types, recipients and their former ids.
SELECT FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id, former_id, position
    FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
         AS k (object_type, recipient_id, former_id, position)
    OFFSET 0
) AS k
JOIN former_id AS r USING (workspace_id, object_type, recipient_id, former_id)
ORDER BY k.position
FOR UPDATE OF r;

-- name: lock_aliases
-- $2 and $3 are object types and ids.
SELECT FROM (
    SELECT $1::integer AS workspace_id, object_type, alias_id, position
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (object_type, alias_id, position)
    OFFSET 0
) AS k
JOIN alias AS r USING (workspace_id, object_type, alias_id)
ORDER BY k.position
FOR UPDATE OF r;

-- name: lock_tombstones
-- $2 and $3 are object types and ids.
SELECT FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id, position
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (object_type, recipient_id, position)
    OFFSET 0
) AS k
JOIN tombstone AS r USING (workspace_id, object_type, recipient_id)
ORDER BY k.position
FOR UPDATE OF r;
