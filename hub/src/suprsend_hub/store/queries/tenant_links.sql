-- Links of users with tenants, for the write path. Keys come from a subquery that ends in OFFSET 0, as in subscriptions.sql.
-- The table tenant is a reference table on Citus, so that each node can join it.

-- name: find_users_of_tenants
-- Which users of profiles for tenants exist, and which of the tenants live. A user who does not exist does not come back.
SELECT k.position,
       EXISTS (
           SELECT FROM tenant AS t WHERE t.workspace_id = k.workspace_id AND t.tenant_no = k.tenant_no
       ) AS is_alive
FROM (
    SELECT workspace_id, object_type, recipient_id, tenant_no, position
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY
         AS k (workspace_id, object_type, recipient_id, tenant_no, position)
    OFFSET 0
) AS k
JOIN profile AS p
     ON p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
        AND p.tenant_no = 0;

-- name: find_living_tenants
SELECT t.workspace_id, t.tenant_no
FROM unnest($1::integer[], $2::integer[]) AS k (workspace_id, tenant_no)
JOIN tenant AS t USING (workspace_id, tenant_no);

-- name: find_links
-- The living tenants that users are linked with. Nobody else links users who are locked.
SELECT k.position, p.tenant_no
FROM (
    SELECT workspace_id, object_type, recipient_id, position
    FROM unnest($1::integer[], $2::text[], $3::text[]) WITH ORDINALITY
         AS k (workspace_id, object_type, recipient_id, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id)
JOIN tenant AS t ON t.workspace_id = p.workspace_id AND t.tenant_no = p.tenant_no
WHERE p.linked;

-- name: find_profile_to_unlink
-- Locked first, as a deletion of the user does.
SELECT linked, preferences IS NOT NULL AS has_preferences
FROM profile
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4
FOR UPDATE;

-- name: delete_linked_profile
DELETE FROM profile WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4;

-- name: unlink_profile
-- What is left are choices. The version moves, so that an edit under way does not bring back what was there.
UPDATE profile
SET version = version + 1, linked = false, properties = '{}', channels = '{}', addresses = '{}'
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4;

-- name: scrub_history_of_profile
-- The keys stay: a late resend must not link the user again.
UPDATE history SET operations = NULL, before = NULL
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4 AND operations IS NOT NULL;

-- name: scrub_keys_of_profile
UPDATE idempotency_key SET digest = NULL
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4 AND digest IS NOT NULL;

-- name: page_links_forward
-- A user's profiles for living tenants, in the order of the tenants' numbers, from behind the number $4.
SELECT p.tenant_no, t.tenant_id, p.profile_id, p.version, p.properties, p.channels, p.created_at, p.updated_at
FROM profile AS p
JOIN tenant AS t ON t.workspace_id = p.workspace_id AND t.tenant_no = p.tenant_no
WHERE p.workspace_id = $1 AND p.object_type = $2 AND p.recipient_id = $3 AND p.tenant_no > $4 AND p.linked
ORDER BY p.tenant_no
LIMIT $5;

-- name: page_links_backward
SELECT p.tenant_no, t.tenant_id, p.profile_id, p.version, p.properties, p.channels, p.created_at, p.updated_at
FROM profile AS p
JOIN tenant AS t ON t.workspace_id = p.workspace_id AND t.tenant_no = p.tenant_no
WHERE p.workspace_id = $1 AND p.object_type = $2 AND p.recipient_id = $3 AND p.tenant_no > 0 AND p.tenant_no < $4
  AND p.linked
ORDER BY p.tenant_no DESC
LIMIT $5;

-- name: count_links
SELECT count(*)
FROM profile AS p
JOIN tenant AS t ON t.workspace_id = p.workspace_id AND t.tenant_no = p.tenant_no
WHERE p.workspace_id = $1 AND p.object_type = $2 AND p.recipient_id = $3 AND p.tenant_no > 0 AND p.linked;
