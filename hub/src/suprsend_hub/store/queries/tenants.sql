-- Tenants of a workspace. On Citus the table is a reference table, and the number of a new life comes from the workspace,
-- which is local to the coordinator.

-- name: find_tenant
SELECT tenant_id, tenant_no, tenant_name, settings, properties, preferences, created_at, updated_at
FROM tenant WHERE workspace_id = $1 AND tenant_id = $2;

-- name: lock_tenant
-- Held until the transaction ends against everybody who changes or deletes the tenant.
SELECT tenant_id, tenant_no, tenant_name, settings, properties, preferences, created_at, updated_at
FROM tenant WHERE workspace_id = $1 AND tenant_id = $2
FOR UPDATE;

-- name: find_tenant_numbers
-- The numbers of the tenants that exist among $2.
SELECT tenant_id, tenant_no FROM tenant WHERE workspace_id = $1 AND tenant_id = ANY($2::text[]);

-- name: page_tenants
-- By offset, as the contract asks for; a workspace has few tenants compared to its users.
SELECT tenant_id, tenant_no, tenant_name, settings, properties, preferences, created_at, updated_at
FROM tenant WHERE workspace_id = $1
ORDER BY created_at DESC, tenant_id DESC
LIMIT $2 OFFSET $3;

-- name: count_tenants
SELECT count(*) FROM tenant WHERE workspace_id = $1;

-- name: search_tenants_forward
-- Tenants whose id starts with a prefix, in bytewise order after a given id. $2 is the prefix, $3 its upper bound, $4 the id to
-- continue after ('' starts).
SELECT tenant_id, tenant_no, tenant_name, settings, properties, preferences, created_at, updated_at
FROM tenant
WHERE workspace_id = $1 AND tenant_id >= $2 AND tenant_id < $3 AND tenant_id > $4
ORDER BY tenant_id
LIMIT $5;

-- name: search_tenants_backward
SELECT tenant_id, tenant_no, tenant_name, settings, properties, preferences, created_at, updated_at
FROM tenant
WHERE workspace_id = $1 AND tenant_id >= $2 AND tenant_id < $3
ORDER BY tenant_id DESC
LIMIT $4;

-- name: count_tenant_search
-- Of one workspace's tenants, which are few compared to its users.
SELECT count(*) FROM tenant WHERE workspace_id = $1 AND tenant_id >= $2 AND tenant_id < $3;

-- name: next_tenant_no
-- Creations of tenants in one workspace wait for each other here.
UPDATE workspace SET last_tenant_no = last_tenant_no + 1 WHERE workspace_id = $1 RETURNING last_tenant_no;

-- name: insert_tenant
INSERT INTO tenant (workspace_id, tenant_no, created_at, updated_at, tenant_id, tenant_name, settings, properties,
                    preferences)
VALUES ($1, $2, $3, $3, $4, $5, $6, $7, '{}')
RETURNING tenant_id, tenant_no, tenant_name, settings, properties, preferences, created_at, updated_at;

-- name: update_tenant
-- `updated_at` never goes back, whatever clock wrote it.
UPDATE tenant
SET tenant_name = $3, settings = $4, properties = $5, updated_at = GREATEST(updated_at, $6)
WHERE workspace_id = $1 AND tenant_id = $2
RETURNING tenant_id, tenant_no, tenant_name, settings, properties, preferences, created_at, updated_at;

-- name: delete_tenant
DELETE FROM tenant WHERE workspace_id = $1 AND tenant_id = $2 RETURNING tenant_no;

-- name: bury_tenant
-- For the sweeper, which deletes the profiles.
INSERT INTO dead_tenant (workspace_id, tenant_no, deleted_at) VALUES ($1, $2, $3);

-- name: list_dead_tenants
-- Those that died first come first.
SELECT workspace_id, tenant_no, deleted_at FROM dead_tenant ORDER BY deleted_at, workspace_id, tenant_no LIMIT $1;

-- name: claim_dead_tenant
-- For one sweeper; others skip it.
SELECT 1 FROM dead_tenant WHERE workspace_id = $1 AND tenant_no = $2 FOR UPDATE SKIP LOCKED;

-- name: find_profiles_of_dead_tenant
SELECT object_type, recipient_id
FROM profile
WHERE workspace_id::bigint = $1 AND tenant_no::bigint = $2
LIMIT $3;

-- name: lock_profiles_of_tenant
-- In key order, before any is deleted; $2 is the tenant, $3 and $4 are object types and ids. Returns those that are left.
SELECT p.object_type, p.recipient_id
FROM (
    SELECT $1::integer AS workspace_id, $2::integer AS tenant_no, object_type, recipient_id, position
    FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS k (object_type, recipient_id, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id, tenant_no)
ORDER BY k.position
FOR UPDATE OF p;

-- name: delete_profiles_of_tenant
-- $2 is the tenant, $3 and $4 are object types and ids in key order.
DELETE FROM profile AS p
USING (
    SELECT $1::integer AS workspace_id, $2::integer AS tenant_no, object_type, recipient_id
    FROM unnest($3::text[], $4::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
  AND p.tenant_no = k.tenant_no;

-- name: delete_history_of_tenant
-- With its keys: the number of a dead tenant is never used again, so no resend can meet them.
DELETE FROM history AS h
USING (
    SELECT $1::integer AS workspace_id, $2::integer AS tenant_no, object_type, recipient_id
    FROM unnest($3::text[], $4::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE h.workspace_id = k.workspace_id AND h.object_type = k.object_type AND h.recipient_id = k.recipient_id
  AND h.tenant_no = k.tenant_no;

-- name: scrub_keys_of_tenant
-- The digests of requests are made of their content.
UPDATE idempotency_key AS i SET digest = NULL
FROM (
    SELECT $1::integer AS workspace_id, $2::integer AS tenant_no, object_type, recipient_id
    FROM unnest($3::text[], $4::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE i.workspace_id = k.workspace_id AND i.object_type = k.object_type AND i.recipient_id = k.recipient_id
  AND i.tenant_no = k.tenant_no AND i.digest IS NOT NULL;

-- name: forget_dead_tenant
DELETE FROM dead_tenant WHERE workspace_id = $1 AND tenant_no = $2;
