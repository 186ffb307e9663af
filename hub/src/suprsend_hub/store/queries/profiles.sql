-- name: read_profiles
-- The profiles of a batch, each with the position of its key in it; one index probe per key.
SELECT k.position, p.profile_id, p.version, p.properties, p.channels, p.created_at, p.updated_at, p.preferences, p.linked
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY
     AS k (workspace_id, object_type, recipient_id, tenant_no, position)
JOIN profile AS p USING (workspace_id, object_type, recipient_id, tenant_no);

-- name: insert_history
-- Records the edits of a batch; edits that have been applied before are not returned.
-- Callers pass rows in key order: concurrent batches then wait for each other instead of deadlocking.
INSERT INTO history (workspace_id, object_type, recipient_id, tenant_no, insert_key, edit_id, version, position, source,
                     actor, operations, before)
SELECT *
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::uuid[], $6::uuid[], $7::bigint[], $8::smallint[],
            $9::text[], $10::text[], $11::json[], $12::json[])
ON CONFLICT (workspace_id, object_type, recipient_id, tenant_no, insert_key) DO NOTHING
RETURNING edit_id;

-- name: find_known_edits
-- The positions of edits whose keys are in the history; one index probe per key.
SELECT k.position
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::uuid[]) WITH ORDINALITY
     AS k (workspace_id, object_type, recipient_id, tenant_no, insert_key, position)
JOIN history AS h USING (workspace_id, object_type, recipient_id, tenant_no, insert_key);

-- name: lock_profiles_to_write
-- Locks profiles that a batch holds or changes, in key order, against everybody who changes or deletes them; returns those
-- that exist.
SELECT k.position, p.version
FROM (
    SELECT workspace_id, object_type, recipient_id, tenant_no, position
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY
         AS k (workspace_id, object_type, recipient_id, tenant_no, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id, tenant_no)
ORDER BY k.position
FOR NO KEY UPDATE OF p;

-- name: insert_profiles
-- New profiles, in key order; a row that somebody else has created meanwhile is not returned, and not locked.
-- Addresses come as one text per row, separated by line feeds, because unnest would flatten an array of arrays.
INSERT INTO profile AS p (workspace_id, object_type, recipient_id, tenant_no, profile_id, version, properties, channels,
                          addresses, preferences, linked, created_at, updated_at)
SELECT k.workspace_id, k.object_type, k.recipient_id, k.tenant_no, k.profile_id, k.version, k.properties, k.channels,
       string_to_array(k.addresses, E'\n'), k.preferences, k.linked, $12, $12
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::uuid[], $6::bigint[], $7::json[], $8::json[],
            $9::text[], $10::json[], $11::boolean[])
     AS k (workspace_id, object_type, recipient_id, tenant_no, profile_id, version, properties, channels, addresses,
           preferences, linked)
ON CONFLICT (workspace_id, object_type, recipient_id, tenant_no) DO NOTHING
RETURNING p.profile_id;

-- name: update_profiles
-- Writes existing folded profiles, unless another writer was faster, as the number of written rows shows.
UPDATE profile AS p
SET version = k.version, properties = k.properties, channels = k.channels,
    addresses = string_to_array(k.addresses, E'\n'), preferences = k.preferences, linked = k.linked,
    updated_at = GREATEST(p.updated_at, $11)
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::json[], $7::json[], $8::text[],
            $9::json[], $10::boolean[])
     AS k (workspace_id, object_type, recipient_id, tenant_no, version, properties, channels, addresses, preferences,
           linked)
WHERE p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
  AND p.tenant_no = k.tenant_no AND p.version = k.version - 1;

-- name: correct_history
-- What a second fold, after a lost race, says of edits that are recorded already.
UPDATE history AS h SET version = k.version, position = k.position, before = k.before
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::uuid[], $6::bigint[], $7::smallint[], $8::json[])
     AS k (workspace_id, object_type, recipient_id, tenant_no, insert_key, version, position, before)
WHERE h.workspace_id = k.workspace_id AND h.object_type = k.object_type AND h.recipient_id = k.recipient_id
  AND h.tenant_no = k.tenant_no AND h.insert_key = k.insert_key;

-- name: delete_history
-- Takes back the record of edits that a second fold refused.
DELETE FROM history AS h
USING unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::uuid[])
      AS k (workspace_id, object_type, recipient_id, tenant_no, insert_key)
WHERE h.workspace_id = k.workspace_id AND h.object_type = k.object_type AND h.recipient_id = k.recipient_id
  AND h.tenant_no = k.tenant_no AND h.insert_key = k.insert_key;

-- name: find_profile
SELECT profile_id, version, properties, channels, created_at, updated_at, preferences, linked
FROM profile
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4;

-- name: hold_profiles
-- Holds profiles against deletion (not against edits) until the transaction ends, in key order; returns those that exist.
SELECT p.workspace_id, p.object_type, p.recipient_id, p.tenant_no
FROM (
    SELECT workspace_id, object_type, recipient_id, tenant_no, position
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY
         AS k (workspace_id, object_type, recipient_id, tenant_no, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id, tenant_no)
ORDER BY k.position
FOR KEY SHARE OF p;

-- name: page_profiles_newest_first
-- The global profiles, or those for a tenant ($3) that hold more than preferences.
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id::bigint = $1 AND tenant_no::bigint = $3 AND object_type = $2 AND profile_id < $4 AND linked
ORDER BY profile_id DESC
LIMIT $5;

-- name: page_profiles_oldest_first
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id::bigint = $1 AND tenant_no::bigint = $3 AND object_type = $2 AND profile_id > $4 AND linked
ORDER BY profile_id
LIMIT $5;

-- name: search_profiles_forward
-- Profiles whose id starts with a prefix, in bytewise order after a given id. $3 is the prefix, $4 its upper bound (a
-- plain comparison, so that also a plan for any value ends the walk there), $5 the id to continue after ('' starts).
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id = $1 AND object_type = $2 AND tenant_no = 0
  AND recipient_id >= $3 AND recipient_id < $4 AND recipient_id > $5
ORDER BY recipient_id
LIMIT $6;

-- name: search_profiles_backward
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id = $1 AND object_type = $2 AND tenant_no = 0
  AND recipient_id >= $3 AND recipient_id < $4
ORDER BY recipient_id DESC
LIMIT $5;

-- name: count_search
-- How many ids start with the prefix, counted up to $5 only.
SELECT count(*) FROM (
    SELECT 1 FROM profile
    WHERE workspace_id = $1 AND object_type = $2 AND tenant_no = 0 AND recipient_id >= $3 AND recipient_id < $4
    ORDER BY recipient_id
    LIMIT $5
) AS matches;

-- name: page_history
-- In the order of application, backwards, from behind the edit $5 (null: from the newest). Edits from before versions were
-- recorded have version 0 and are ordered by time alone.
SELECT h.edit_id, h.version, h.position, h.source, h.actor, h.operations, h.before
FROM history AS h
WHERE h.workspace_id = $1 AND h.object_type = $2 AND h.recipient_id = $3 AND h.tenant_no = $4
  AND h.operations IS NOT NULL
  AND ($5::uuid IS NULL OR (h.version, h.position, h.edit_id) < (
      SELECT c.version, c.position, c.edit_id
      FROM history AS c
      WHERE c.workspace_id = $1 AND c.object_type = $2 AND c.recipient_id = $3 AND c.tenant_no = $4 AND c.edit_id = $5
  ))
ORDER BY h.version DESC, h.position DESC, h.edit_id DESC
LIMIT $6;

-- name: find_by_address
-- Recipients with an e-mail address or phone number. The workspace is part of the address, which is what the index
-- holds; OFFSET 0 keeps the planner from reading the whole workspace by its key instead.
SELECT DISTINCT object_type, recipient_id
FROM (
    SELECT workspace_id, object_type, recipient_id, tenant_no FROM profile WHERE addresses @> ARRAY[$2::text] OFFSET 0
) AS m
WHERE workspace_id = $1
  AND NOT EXISTS (SELECT FROM dead_tenant AS d WHERE d.workspace_id = m.workspace_id AND d.tenant_no = m.tenant_no)
ORDER BY object_type, recipient_id
LIMIT $3;
