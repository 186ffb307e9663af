-- name: read_profiles
-- The profiles of a batch, each with the position of its key in it; one index probe per key.
SELECT k.position, p.profile_id, p.version, p.properties, p.channels, p.created_at, p.updated_at
FROM unnest($1::integer[], $2::text[], $3::text[]) WITH ORDINALITY
     AS k (workspace_id, object_type, recipient_id, position)
JOIN profile AS p USING (workspace_id, object_type, recipient_id);

-- name: insert_history
-- Records the edits of a batch; edits that have been applied before are not returned.
-- Callers pass rows in key order: concurrent batches then wait for each other instead of deadlocking.
INSERT INTO history (workspace_id, object_type, recipient_id, insert_key, edit_id, source, operations, before,
                     actor)
SELECT *
FROM unnest($1::integer[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::json[], $8::json[], $9::text[])
ON CONFLICT (workspace_id, object_type, recipient_id, insert_key) DO NOTHING
RETURNING edit_id;

-- name: find_known_edits
-- The positions of edits whose keys are in the history; one index probe per key.
SELECT k.position
FROM unnest($1::integer[], $2::text[], $3::text[], $4::uuid[]) WITH ORDINALITY
     AS k (workspace_id, object_type, recipient_id, insert_key, position)
JOIN history AS h USING (workspace_id, object_type, recipient_id, insert_key);

-- name: upsert_profiles
-- Writes folded profiles unless another writer was faster. The returned profile_id says what was done with a row: it
-- is the given fresh id if the row was inserted, the stored id if it was updated. A row whose id is not returned has
-- another version than the one that was read. It is locked all the same, so the next attempt in this transaction wins.
-- Addresses come as one text per row, separated by line feeds, because unnest would flatten an array of arrays.
INSERT INTO profile AS p (workspace_id, object_type, recipient_id, profile_id, version, properties, channels, addresses,
                          created_at, updated_at)
SELECT k.workspace_id, k.object_type, k.recipient_id, k.profile_id, k.version, k.properties, k.channels,
       string_to_array(k.addresses, E'\n'), $9, $9
FROM unnest($1::integer[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::json[], $7::json[], $8::text[])
     AS k (workspace_id, object_type, recipient_id, profile_id, version, properties, channels, addresses)
ON CONFLICT (workspace_id, object_type, recipient_id) DO UPDATE
SET version = excluded.version, properties = excluded.properties, channels = excluded.channels,
    addresses = excluded.addresses, updated_at = GREATEST(p.updated_at, excluded.updated_at)
WHERE p.version = excluded.version - 1
RETURNING p.profile_id;

-- name: update_profiles
-- Writes existing folded profiles, unless another writer was faster, as the number of written rows shows.
UPDATE profile AS p
SET version = k.version, properties = k.properties, channels = k.channels,
    addresses = string_to_array(k.addresses, E'\n'), updated_at = GREATEST(p.updated_at, $8)
FROM unnest($1::integer[], $2::text[], $3::text[], $4::bigint[], $5::json[], $6::json[], $7::text[])
     AS k (workspace_id, object_type, recipient_id, version, properties, channels, addresses)
WHERE p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
  AND p.version = k.version - 1;

-- name: update_history_before
-- The replaced values of edits that were folded again after a lost race.
UPDATE history AS h SET before = k.before
FROM unnest($1::integer[], $2::text[], $3::text[], $4::uuid[], $5::json[])
     AS k (workspace_id, object_type, recipient_id, insert_key, before)
WHERE h.workspace_id = k.workspace_id AND h.object_type = k.object_type AND h.recipient_id = k.recipient_id
  AND h.insert_key = k.insert_key;

-- name: delete_history
-- Takes back the record of edits that a second fold refused.
DELETE FROM history AS h
USING unnest($1::integer[], $2::text[], $3::text[], $4::uuid[])
      AS k (workspace_id, object_type, recipient_id, insert_key)
WHERE h.workspace_id = k.workspace_id AND h.object_type = k.object_type AND h.recipient_id = k.recipient_id
  AND h.insert_key = k.insert_key;

-- name: find_profile
SELECT profile_id, version, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3;

-- name: hold_profiles
-- Holds profiles against deletion (not against edits) until the transaction ends, in key order; returns those that exist.
SELECT p.workspace_id, p.object_type, p.recipient_id
FROM (
    SELECT workspace_id, object_type, recipient_id, position
    FROM unnest($1::integer[], $2::text[], $3::text[]) WITH ORDINALITY
         AS k (workspace_id, object_type, recipient_id, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id)
ORDER BY k.position
FOR KEY SHARE OF p;

-- name: page_profiles_newest_first
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id::bigint = $1 AND object_type = $2 AND profile_id < $3
ORDER BY profile_id DESC
LIMIT $4;

-- name: page_profiles_oldest_first
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id::bigint = $1 AND object_type = $2 AND profile_id > $3
ORDER BY profile_id
LIMIT $4;

-- name: search_profiles_forward
-- Profiles whose id starts with a prefix, in bytewise order after a given id. $3 is the prefix, $4 its upper bound (a
-- plain comparison, so that also a plan for any value ends the walk there), $5 the id to continue after ('' starts).
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id = $1 AND object_type = $2
  AND recipient_id >= $3 AND recipient_id < $4 AND recipient_id > $5
ORDER BY recipient_id
LIMIT $6;

-- name: search_profiles_backward
SELECT recipient_id, profile_id, properties, channels, created_at, updated_at
FROM profile
WHERE workspace_id = $1 AND object_type = $2
  AND recipient_id >= $3 AND recipient_id < $4
ORDER BY recipient_id DESC
LIMIT $5;

-- name: count_search
-- How many ids start with the prefix, counted up to $5 only.
SELECT count(*) FROM (
    SELECT 1 FROM profile
    WHERE workspace_id = $1 AND object_type = $2 AND recipient_id >= $3 AND recipient_id < $4
    LIMIT $5
) AS matches;

-- name: page_history
SELECT edit_id, source, actor, operations, before
FROM history
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND edit_id < $4 AND operations IS NOT NULL
ORDER BY edit_id DESC
LIMIT $5;

-- name: find_by_address
-- Recipients with an e-mail address or phone number. The workspace is part of the address, which is what the index
-- holds; OFFSET 0 keeps the planner from reading the whole workspace by its key instead.
SELECT object_type, recipient_id
FROM (
    SELECT workspace_id, object_type, recipient_id FROM profile WHERE addresses @> ARRAY[$2::text] OFFSET 0
) AS matches
WHERE workspace_id = $1
ORDER BY object_type, recipient_id
LIMIT $3;
