-- name: insert_workspace
INSERT INTO workspace (name, workspace_uid, workspace_key, secret_encrypted, secret_key_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING workspace_id;

-- name: find_workspace_by_key
SELECT workspace_id, name, workspace_uid, workspace_key, secret_encrypted, previous_secret, previous_secret_until, created_at,
       edits_per_second, burst_edits, disabled_at, deleting_since, max_clock_skew_s, after_merge, tenancy
FROM workspace WHERE workspace_key = $1;

-- name: find_workspace_by_name
SELECT workspace_id, name, workspace_uid, workspace_key, secret_encrypted, previous_secret, previous_secret_until, created_at,
       edits_per_second, burst_edits, disabled_at, deleting_since, max_clock_skew_s, after_merge, tenancy
FROM workspace WHERE name = $1;

-- name: list_workspaces
SELECT workspace_id, name, workspace_uid, workspace_key, secret_encrypted, previous_secret, previous_secret_until, created_at,
       edits_per_second, burst_edits, disabled_at, deleting_since, max_clock_skew_s, after_merge, tenancy
FROM workspace ORDER BY workspace_id;

-- name: sample_secrets
-- The newest secret of each master key, and some whose key has no name yet. Each key is one step through the index.
WITH RECURSIVE key AS (
    (SELECT secret_key_id FROM workspace WHERE secret_key_id IS NOT NULL ORDER BY secret_key_id LIMIT 1)
    UNION ALL
    SELECT (SELECT secret_key_id FROM workspace WHERE secret_key_id > key.secret_key_id ORDER BY secret_key_id LIMIT 1)
    FROM key WHERE key.secret_key_id IS NOT NULL
)
SELECT newest.name, newest.secret_encrypted
FROM (SELECT secret_key_id FROM key WHERE secret_key_id IS NOT NULL LIMIT 20) AS key
CROSS JOIN LATERAL (
    SELECT name, secret_encrypted FROM workspace
    WHERE secret_key_id = key.secret_key_id ORDER BY workspace_id DESC LIMIT 1
) AS newest
UNION ALL
(SELECT name, secret_encrypted FROM workspace WHERE secret_key_id IS NULL ORDER BY workspace_id DESC LIMIT 20);

-- name: set_rate_limit
UPDATE workspace SET edits_per_second = $2, burst_edits = $3 WHERE workspace_id = $1;

-- name: set_max_clock_skew
UPDATE workspace SET max_clock_skew_s = $2 WHERE workspace_id = $1;

-- name: set_after_merge
UPDATE workspace SET after_merge = $2 WHERE workspace_id = $1;

-- name: read_after_merge
SELECT after_merge FROM workspace WHERE workspace_id = $1;

-- name: rotate_secret
-- The current secret stays valid until $3; without that, it ends now.
UPDATE workspace
SET previous_secret = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE secret_encrypted END,
    previous_secret_until = $3,
    secret_encrypted = $2,
    secret_key_id = $4
WHERE workspace_id = $1;

-- name: drop_previous_secret
UPDATE workspace SET previous_secret = NULL, previous_secret_until = NULL WHERE workspace_id = $1;

-- name: set_disabled
UPDATE workspace SET disabled_at = CASE WHEN $2::timestamptz IS NULL THEN NULL ELSE coalesce(disabled_at, $2) END
WHERE workspace_id = $1 AND deleting_since IS NULL
RETURNING workspace_id;

-- name: reencrypt_secrets
-- Only secrets that are still as they were read, because a rotation may have replaced them.
UPDATE workspace
SET secret_encrypted = CASE WHEN secret_encrypted = $2 THEN $3 ELSE secret_encrypted END,
    secret_key_id = CASE WHEN secret_encrypted = $2 THEN coalesce($6, secret_key_id) ELSE secret_key_id END,
    previous_secret = CASE WHEN previous_secret = $4 THEN $5 ELSE previous_secret END
WHERE workspace_id = $1;

-- name: insert_api_key
INSERT INTO api_key (api_key_id, workspace_id, name, key_hash, hint, created_at, scopes)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: find_workspace_by_api_key_hash
SELECT w.workspace_id, w.name, w.workspace_uid, w.workspace_key, w.secret_encrypted, w.previous_secret,
       w.previous_secret_until, w.created_at, w.edits_per_second, w.burst_edits, w.disabled_at, w.deleting_since,
       w.max_clock_skew_s, w.after_merge, w.tenancy, k.name AS key_name, k.scopes
FROM api_key AS k JOIN workspace AS w USING (workspace_id)
WHERE k.key_hash = $1 AND k.revoked_at IS NULL;

-- name: list_api_keys
SELECT api_key_id, name, hint, created_at, revoked_at, scopes
FROM api_key WHERE workspace_id = $1 ORDER BY api_key_id;

-- name: set_api_key_scopes
UPDATE api_key SET scopes = $3
WHERE workspace_id = $1 AND api_key_id = $2 AND revoked_at IS NULL
RETURNING api_key_id;

-- name: revoke_api_key
UPDATE api_key SET revoked_at = $3
WHERE workspace_id = $1 AND api_key_id = $2 AND revoked_at IS NULL
RETURNING api_key_id;

-- name: workspace_created_at
SELECT created_at FROM workspace WHERE workspace_id = $1;

-- name: read_tenancy
SELECT tenancy FROM workspace WHERE workspace_id = $1;

-- name: lock_tenancy
SELECT tenancy FROM workspace WHERE workspace_id = $1 FOR NO KEY UPDATE;

-- name: set_tenancy
UPDATE workspace SET tenancy = $2 WHERE workspace_id = $1;
