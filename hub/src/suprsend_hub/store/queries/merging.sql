-- Merge, unmerge and rename: each statement is about one recipient of one workspace, or about keys at the other end of that
-- recipient's relations. $1 is the workspace, $2 the object type, $3 the id, unless it says otherwise. Statements that copy
-- rows from one recipient to another copy within a workspace and type, to the id $4; the deletion of the first one follows.

-- name: lock_profiles_of_recipient
-- All profiles of a recipient, in the order in which everybody locks profiles.
SELECT object_type, recipient_id, tenant_no, profile_id, version, properties, channels, created_at, updated_at,
       preferences, linked
FROM profile
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3
ORDER BY tenant_no
FOR UPDATE;

-- name: read_profiles_of_recipient
SELECT object_type, recipient_id, tenant_no, profile_id, version, properties, channels, created_at, updated_at,
       preferences, linked
FROM profile
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3
ORDER BY tenant_no;

-- name: insert_profiles_of_recipient
-- New profiles with the id and time of their creation elsewhere. What is there already does not come back.
INSERT INTO profile AS p (workspace_id, object_type, recipient_id, tenant_no, profile_id, version, properties, channels,
                          addresses, preferences, linked, created_at, updated_at)
SELECT $1, $2, $3, k.tenant_no, k.profile_id, k.version, k.properties, k.channels, string_to_array(k.addresses, E'\n'),
       k.preferences, k.linked, k.created_at, $13
FROM unnest($4::integer[], $5::uuid[], $6::bigint[], $7::json[], $8::json[], $9::text[], $10::json[], $11::boolean[],
            $12::timestamptz[])
     AS k (tenant_no, profile_id, version, properties, channels, addresses, preferences, linked, created_at)
ON CONFLICT (workspace_id, object_type, recipient_id, tenant_no) DO NOTHING
RETURNING p.tenant_no;

-- name: delete_profile
DELETE FROM profile WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4;

-- name: hold_tenants
-- The tenants that exist among the numbers $2, held against deletion: its sweeper must not miss a profile that moves.
SELECT tenant_no, tenant_id FROM tenant
WHERE workspace_id = $1 AND tenant_no = ANY($2::integer[])
ORDER BY tenant_no
FOR KEY SHARE;

-- name: read_tenants
SELECT tenant_no, tenant_id FROM tenant WHERE workspace_id = $1 AND tenant_no = ANY($2::integer[]);

-- name: copy_insert_keys
-- So that an edit that was applied to one recipient counts as known to the other one. The content goes nowhere.
INSERT INTO history (workspace_id, object_type, recipient_id, tenant_no, insert_key, edit_id, version, position, source,
                     actor, operations, before)
SELECT workspace_id, object_type, $4, tenant_no, insert_key, edit_id, 0, 0, source, actor, NULL, NULL
FROM history
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3
ON CONFLICT (workspace_id, object_type, recipient_id, tenant_no, insert_key) DO NOTHING;

-- name: copy_history
-- With the content, for a rename. A key that is there already is of an earlier life and has no content any more.
INSERT INTO history AS h (workspace_id, object_type, recipient_id, tenant_no, insert_key, edit_id, version, position,
                          source, actor, operations, before)
SELECT workspace_id, object_type, $4, tenant_no, insert_key, edit_id, version, position, source, actor, operations, before
FROM history
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3
ON CONFLICT (workspace_id, object_type, recipient_id, tenant_no, insert_key) DO UPDATE
SET edit_id = excluded.edit_id, version = excluded.version, position = excluded.position, source = excluded.source,
    actor = excluded.actor, operations = excluded.operations, before = excluded.before
WHERE h.operations IS NULL;

-- name: move_request_keys
-- For an id that becomes an alias: a request that is sent again, to the old id, is still the same request.
UPDATE idempotency_key SET recipient_id = $4 WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3;

-- name: copy_rejected
INSERT INTO rejected (workspace_id, object_type, recipient_id, rejected_id, code, key, message, record, source)
SELECT workspace_id, object_type, $4, rejected_id, code, key, message, record, source
FROM rejected
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3
ON CONFLICT (workspace_id, object_type, recipient_id, rejected_id) DO NOTHING;

-- name: has_history_entry
-- Whether the edit $4 of the global profile is still known, with its content.
SELECT EXISTS (
    SELECT FROM history
    WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = 0 AND edit_id = $4
      AND operations IS NOT NULL
);

-- name: lock_subscribed_to
SELECT object_type, object_id, subscription_id
FROM subscribed_to
WHERE workspace_id = $1 AND subscriber_type = $2 AND subscriber_id = $3
ORDER BY object_type, object_id
FOR UPDATE;

-- name: put_subscribed_to
-- A row that is there already is of an earlier life of its object, or the same.
INSERT INTO subscribed_to (workspace_id, subscriber_type, subscriber_id, object_type, object_id, subscription_id)
SELECT $1, $2, $3, k.object_type, k.object_id, k.subscription_id
FROM unnest($4::text[], $5::text[], $6::uuid[]) AS k (object_type, object_id, subscription_id)
ON CONFLICT (workspace_id, subscriber_type, subscriber_id, object_type, object_id) DO UPDATE
SET subscription_id = excluded.subscription_id;

-- name: put_subscriptions
-- The other end of put_subscribed_to.
INSERT INTO subscription (workspace_id, object_type, object_id, subscriber_type, subscriber_id, subscription_id, properties,
                          created_at, updated_at)
SELECT $1, k.object_type, k.object_id, $2, $3, k.subscription_id, k.properties, k.created_at, k.updated_at
FROM unnest($4::text[], $5::text[], $6::uuid[], $7::json[], $8::timestamptz[], $9::timestamptz[])
     AS k (object_type, object_id, subscription_id, properties, created_at, updated_at)
ON CONFLICT (workspace_id, object_type, object_id, subscriber_type, subscriber_id) DO UPDATE
SET subscription_id = excluded.subscription_id, properties = excluded.properties, created_at = excluded.created_at,
    updated_at = excluded.updated_at;

-- name: end_subscribed_to
-- Single subscriptions of one recipient, at its own end.
DELETE FROM subscribed_to AS s
USING (
    SELECT $1::integer AS workspace_id, $2::text AS subscriber_type, $3::text AS subscriber_id, object_type, object_id,
           subscription_id
    FROM unnest($4::text[], $5::text[], $6::uuid[]) AS k (object_type, object_id, subscription_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id
  AND s.object_type = k.object_type AND s.object_id = k.object_id AND s.subscription_id = k.subscription_id;

-- name: lock_memberships
-- Of the user $2, in all versions.
SELECT list_id, version_id, member_id, created_at
FROM list_membership
WHERE workspace_id = $1 AND distinct_id = $2
ORDER BY list_id, version_id
FOR UPDATE;

-- name: hold_lists
-- Lists ($2, in order) with their live versions, held against a change of these.
SELECT l.list_id, l.live_version
FROM (
    SELECT $1::integer AS workspace_id, list_id, position
    FROM unnest($2::text[]) WITH ORDINALITY AS k (list_id, position)
    OFFSET 0
) AS k
JOIN list AS l USING (workspace_id, list_id)
ORDER BY k.position
FOR SHARE OF l;

-- name: hold_drafts
-- Drafts that exist among the versions $3 of the lists $2, held likewise.
SELECT d.list_id, d.version_id
FROM (
    SELECT $1::integer AS workspace_id, list_id, version_id, position
    FROM unnest($2::text[], $3::uuid[]) WITH ORDINALITY AS k (list_id, version_id, position)
    OFFSET 0
) AS k
JOIN list_draft AS d USING (workspace_id, list_id, version_id)
WHERE d.list_id = ANY($2::text[])
ORDER BY k.position
FOR SHARE OF d;

-- name: put_memberships
-- Of the user $2.
INSERT INTO list_membership (workspace_id, distinct_id, list_id, version_id, member_id, created_at)
SELECT $1, $2, k.list_id, k.version_id, k.member_id, k.created_at
FROM unnest($3::text[], $4::uuid[], $5::uuid[], $6::timestamptz[]) AS k (list_id, version_id, member_id, created_at);

-- name: put_members
-- The other end of put_memberships.
INSERT INTO list_member (workspace_id, list_id, version_id, distinct_id, member_id, created_at)
SELECT $1, k.list_id, k.version_id, $2, k.member_id, k.created_at
FROM unnest($3::text[], $4::uuid[], $5::uuid[], $6::timestamptz[]) AS k (list_id, version_id, member_id, created_at);

-- name: end_memberships
-- Single memberships of the user $2, at the user's end.
DELETE FROM list_membership AS m
USING (
    SELECT $1::integer AS workspace_id, $2::text AS distinct_id, list_id, version_id
    FROM unnest($3::text[], $4::uuid[]) AS k (list_id, version_id)
    OFFSET 0
) AS k
WHERE m.workspace_id = k.workspace_id AND m.distinct_id = k.distinct_id AND m.list_id = k.list_id
  AND m.version_id = k.version_id;
