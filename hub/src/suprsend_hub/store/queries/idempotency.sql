-- name: claim_keys
-- Binds the keys of a batch to their requests; a key that is bound already is not returned. Callers pass keys in order,
-- and each once.
INSERT INTO idempotency_key (workspace_id, key, object_type, recipient_id, tenant_no, digest, edit_id)
SELECT *
FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bytea[], $7::uuid[])
ON CONFLICT (workspace_id, key) DO NOTHING
RETURNING workspace_id, key;

-- name: read_keys
SELECT i.workspace_id, i.key, i.object_type, i.recipient_id, i.tenant_no, i.digest
FROM unnest($1::integer[], $2::text[]) AS k (workspace_id, key)
JOIN idempotency_key AS i USING (workspace_id, key);

-- name: is_key_bound
SELECT true FROM idempotency_key WHERE workspace_id = $1 AND key = $2;

-- name: release_keys
DELETE FROM idempotency_key AS i
USING unnest($1::integer[], $2::text[]) AS k (workspace_id, key)
WHERE i.workspace_id = k.workspace_id AND i.key = k.key;

-- name: delete_old_keys
-- Up to $3 keys of a workspace whose edits have ids below $2.
DELETE FROM idempotency_key AS i
USING (
    SELECT workspace_id, key FROM idempotency_key WHERE workspace_id = $1 AND edit_id < $2 LIMIT $3
) AS k
WHERE i.workspace_id = k.workspace_id AND i.key = k.key;
