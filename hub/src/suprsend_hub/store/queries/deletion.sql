-- Deletion by sets: the statements of one transaction that deletes any number of recipients of one workspace. $1 is the
-- workspace, $2 and $3 are object types and ids in key order. Keys come from a subquery that ends in OFFSET 0, as in
-- subscriptions.sql.

-- name: lock_profiles
-- This comes first, and locks profiles in the same order as all other statements: the global profile, then those for
-- tenants. Nothing is deleted before all are locked: those who wait for the end of a deletion rely on that.
SELECT p.object_type, p.recipient_id
FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id, position
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (object_type, recipient_id, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id)
ORDER BY k.position, p.tenant_no
FOR UPDATE OF p;

-- name: lock_objects
-- Objects that are deleted ($4), locked, and those that they are subscribed to, held against deletion, in one pass in the
-- order of keys. `dead_until` as in hold_parents.
SELECT p.object_type, p.recipient_id, k.is_deleted, d.last_subscription_id AS dead_until
FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id, is_deleted
    FROM unnest($2::text[], $3::text[], $4::boolean[]) AS k (object_type, recipient_id, is_deleted)
    OFFSET 0
) AS k
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT p.object_type, p.recipient_id
        FROM profile AS p
        WHERE p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
          AND k.is_deleted
        ORDER BY p.tenant_no
        FOR UPDATE
    ) AS locked
    UNION ALL
    SELECT * FROM (
        SELECT p.object_type, p.recipient_id
        FROM profile AS p
        WHERE p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
          AND p.tenant_no = 0 AND NOT k.is_deleted
        FOR KEY SHARE
    ) AS held
) AS p
LEFT JOIN dead_object AS d
     ON d.workspace_id = k.workspace_id AND d.object_type = k.object_type AND d.object_id = k.recipient_id;

-- name: find_parents
-- What recipients are subscribed to, also in earlier lives of the objects.
SELECT DISTINCT s.object_type, s.object_id
FROM (
    SELECT $1::integer AS workspace_id, subscriber_type, subscriber_id
    FROM unnest($2::text[], $3::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
JOIN subscribed_to AS s USING (workspace_id, subscriber_type, subscriber_id);

-- name: delete_profiles
-- Returns also what was created for tenants while lock_profiles waited for the recipients' own profiles.
DELETE FROM profile AS p
USING (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
RETURNING p.object_type, p.recipient_id, p.tenant_no, p.linked;

-- name: delete_subscriptions_of_subscribers
-- What deleted recipients were subscribed to, at their own end.
DELETE FROM subscribed_to AS s
USING (
    SELECT $1::integer AS workspace_id, subscriber_type, subscriber_id
    FROM unnest($2::text[], $3::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id
RETURNING s.object_type, s.object_id, s.subscriber_type, s.subscriber_id, s.subscription_id;

-- name: hold_parents
-- Objects that exist, held against deletion, so that their counters are theirs until the transaction ends. A subscription
-- up to `dead_until` belongs to an earlier life of the object, which is no longer counted.
SELECT p.object_type, p.recipient_id, d.last_subscription_id AS dead_until
FROM (
    SELECT $1::integer AS workspace_id, object_type, object_id, position
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (object_type, object_id, position)
    OFFSET 0
) AS k
JOIN profile AS p
     ON p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.object_id
        AND p.tenant_no = 0
LEFT JOIN dead_object AS d
     ON d.workspace_id = k.workspace_id AND d.object_type = k.object_type AND d.object_id = k.object_id
ORDER BY k.position
FOR KEY SHARE OF p;

-- name: delete_subscription_rows
-- The other end of delete_subscriptions_of_subscribers; $2 to $5 are the keys of the rows, in order.
DELETE FROM subscription AS s
USING (
    SELECT $1::integer AS workspace_id, object_type, object_id, subscriber_type, subscriber_id
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
         AS k (object_type, object_id, subscriber_type, subscriber_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.object_type = k.object_type AND s.object_id = k.object_id
  AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id;

-- name: delete_memberships_of_users
-- The lists and drafts of deleted users, at their own end; $2 are distinct_ids.
DELETE FROM list_membership AS m
USING (
    SELECT $1::integer AS workspace_id, distinct_id FROM unnest($2::text[]) AS k (distinct_id) OFFSET 0
) AS k
WHERE m.workspace_id = k.workspace_id AND m.distinct_id = k.distinct_id
RETURNING m.list_id, m.version_id, m.distinct_id;

-- name: delete_member_rows
-- The other end of delete_memberships_of_users; $2 to $4 are the keys of the rows, in order.
DELETE FROM list_member AS m
USING (
    SELECT $1::integer AS workspace_id, list_id, version_id, distinct_id
    FROM unnest($2::text[], $3::uuid[], $4::text[]) AS k (list_id, version_id, distinct_id)
    OFFSET 0
) AS k
WHERE m.workspace_id = k.workspace_id AND m.list_id = k.list_id AND m.version_id = k.version_id
  AND m.distinct_id = k.distinct_id;

-- name: scrub_history
-- A deleted recipient's edits keep their keys (a late resend must not count twice) and lose their content.
UPDATE history AS h SET operations = NULL, before = NULL
FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE h.workspace_id = k.workspace_id AND h.object_type = k.object_type AND h.recipient_id = k.recipient_id
  AND h.operations IS NOT NULL;

-- name: scrub_keys
-- The digests of requests depend on their content.
UPDATE idempotency_key AS i SET digest = NULL
FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE i.workspace_id = k.workspace_id AND i.object_type = k.object_type AND i.recipient_id = k.recipient_id
  AND i.digest IS NOT NULL;

-- name: delete_former_ids
-- The ids that led to deleted recipients, or were merged into them.
DELETE FROM former_id AS f
USING (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE f.workspace_id = k.workspace_id AND f.object_type = k.object_type AND f.recipient_id = k.recipient_id
RETURNING f.object_type, f.former_id;

-- name: delete_aliases
-- The other end of delete_former_ids: the ids lead nowhere.
DELETE FROM alias AS a
USING (
    SELECT $1::integer AS workspace_id, object_type, alias_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, alias_id)
    OFFSET 0
) AS k
WHERE a.workspace_id = k.workspace_id AND a.object_type = k.object_type AND a.alias_id = k.alias_id;

-- name: delete_tombstones
-- The other end of delete_former_ids: a merge into a deleted recipient cannot be undone.
DELETE FROM tombstone AS t
USING (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id;

-- name: delete_own_tombstones
-- Of recipients that were merged, came to life again and are deleted now: nobody is told about the merge any more.
DELETE FROM tombstone AS t
USING (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id
RETURNING t.merged_into, t.object_type, t.recipient_id;

-- name: delete_rejected_of_recipients
DELETE FROM rejected AS r
USING (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
WHERE r.workspace_id = k.workspace_id AND r.object_type = k.object_type AND r.recipient_id = k.recipient_id;

-- name: bury_objects
-- Leaves the subscribers of deleted objects, of which there may be millions, to the sweeper. The last subscription is
-- known, because subscribing needs the profile, which is locked. Objects without subscribers need nothing.
INSERT INTO dead_object AS d (workspace_id, object_type, object_id, last_subscription_id)
SELECT $1, k.object_type, k.object_id, s.subscription_id
FROM unnest($2::text[], $3::text[]) AS k (object_type, object_id)
CROSS JOIN LATERAL (
    SELECT subscription_id
    FROM subscription AS s
    WHERE s.workspace_id::bigint = $1 AND s.object_type = k.object_type AND s.object_id = k.object_id
    ORDER BY subscription_id DESC
    LIMIT 1
) AS s
ON CONFLICT (workspace_id, object_type, object_id) DO UPDATE
SET last_subscription_id = GREATEST(d.last_subscription_id, excluded.last_subscription_id);

-- name: claim_dead_object
-- Takes one object for this sweeper; others skip it.
SELECT workspace_id, object_type, object_id, last_subscription_id FROM dead_object LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: find_dead_subscribers
-- Some subscribers of an earlier life of an object, up to the subscription $4.
SELECT subscriber_type, subscriber_id
FROM subscription
WHERE workspace_id::bigint = $1 AND object_type = $2 AND object_id = $3 AND subscription_id <= $4
ORDER BY subscription_id
LIMIT $5;

-- name: delete_dead_object
DELETE FROM dead_object WHERE workspace_id = $1 AND object_type = $2 AND object_id = $3;
