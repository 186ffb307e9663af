-- name: insert_workspace
INSERT INTO workspace (name, workspace_uid, workspace_key, secret_encrypted, created_at)
VALUES ($1, $2, $3, $4, $5)
RETURNING workspace_id;

-- name: find_workspace_by_key
SELECT workspace_id, name, workspace_uid, workspace_key, secret_encrypted, created_at, edits_per_second, burst_edits
FROM workspace WHERE workspace_key = $1;

-- name: find_workspace_by_name
SELECT workspace_id, name, workspace_uid, workspace_key, secret_encrypted, created_at, edits_per_second, burst_edits
FROM workspace WHERE name = $1;

-- name: list_workspaces
SELECT workspace_id, name, workspace_uid, workspace_key, secret_encrypted, created_at, edits_per_second, burst_edits
FROM workspace ORDER BY workspace_id;

-- name: sample_secrets
SELECT secret_encrypted FROM workspace ORDER BY workspace_id DESC LIMIT 20;

-- name: set_rate_limit
UPDATE workspace SET edits_per_second = $2, burst_edits = $3 WHERE workspace_id = $1;

-- name: insert_api_key
INSERT INTO api_key (api_key_id, workspace_id, name, key_hash, hint, created_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: find_workspace_by_api_key_hash
SELECT w.workspace_id, w.name, w.workspace_uid, w.workspace_key, w.secret_encrypted, w.created_at,
       w.edits_per_second, w.burst_edits
FROM api_key AS k JOIN workspace AS w USING (workspace_id)
WHERE k.key_hash = $1 AND k.revoked_at IS NULL;

-- name: list_api_keys
SELECT api_key_id, name, hint, created_at, revoked_at
FROM api_key WHERE workspace_id = $1 ORDER BY api_key_id;

-- name: revoke_api_key
UPDATE api_key SET revoked_at = $3
WHERE workspace_id = $1 AND api_key_id = $2 AND revoked_at IS NULL
RETURNING api_key_id;

-- name: workspace_created_at
SELECT created_at FROM workspace WHERE workspace_id = $1;
