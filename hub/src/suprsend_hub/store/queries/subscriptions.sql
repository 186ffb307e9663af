-- Statements that look up several keys take them from a subquery that ends in OFFSET 0. It keeps the planner from pulling
-- the constants of a key apart from its list: a plan made for an empty table would then read the whole workspace by them.

-- name: lock_profiles
-- Hold profiles against deletion (not against edits) until the transaction ends, in key order; what comes back exists.
SELECT p.object_type, p.recipient_id
FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id, position
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (object_type, recipient_id, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id)
ORDER BY k.position
FOR KEY SHARE OF p;

-- name: upsert_subscriptions
-- A row that comes back with the fresh id that was passed is new.
INSERT INTO subscription AS s (workspace_id, object_type, object_id, subscriber_type, subscriber_id, subscription_id,
                               properties, created_at, updated_at)
SELECT $1, $2, $3, k.subscriber_type, k.subscriber_id, k.subscription_id, $7::json, $8, $8
FROM unnest($4::text[], $5::text[], $6::uuid[]) AS k (subscriber_type, subscriber_id, subscription_id)
ON CONFLICT (workspace_id, object_type, object_id, subscriber_type, subscriber_id) DO UPDATE
SET properties = excluded.properties, updated_at = GREATEST(s.updated_at, excluded.updated_at)
RETURNING s.subscriber_type, s.subscriber_id, s.subscription_id, s.properties, s.created_at, s.updated_at;

-- name: insert_subscribed_to
INSERT INTO subscribed_to (workspace_id, subscriber_type, subscriber_id, object_type, object_id, subscription_id)
SELECT $1, k.subscriber_type, k.subscriber_id, $2, $3, k.subscription_id
FROM unnest($4::text[], $5::text[], $6::uuid[]) AS k (subscriber_type, subscriber_id, subscription_id)
ON CONFLICT (workspace_id, subscriber_type, subscriber_id, object_type, object_id)
DO UPDATE SET subscription_id = excluded.subscription_id;

-- name: delete_subscriptions
DELETE FROM subscription AS s
USING (
    SELECT $1::integer AS workspace_id, $2::text AS object_type, $3::text AS object_id, subscriber_type, subscriber_id
    FROM unnest($4::text[], $5::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.object_type = k.object_type AND s.object_id = k.object_id
  AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id
RETURNING s.subscriber_type, s.subscriber_id;

-- name: delete_subscribed_to
DELETE FROM subscribed_to AS s
USING (
    SELECT $1::integer AS workspace_id, $2::text AS object_type, $3::text AS object_id, subscriber_type, subscriber_id
    FROM unnest($4::text[], $5::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id
  AND s.object_type = k.object_type AND s.object_id = k.object_id;

-- name: delete_subscriptions_of_subscriber
-- What a deleted recipient was subscribed to, at its own end.
DELETE FROM subscribed_to
WHERE workspace_id = $1 AND subscriber_type = $2 AND subscriber_id = $3
RETURNING object_type, object_id;

-- name: delete_subscription_rows
-- The other end of the above.
DELETE FROM subscription AS s
USING (
    SELECT $1::integer AS workspace_id, $2::text AS subscriber_type, $3::text AS subscriber_id, object_type, object_id
    FROM unnest($4::text[], $5::text[]) AS k (object_type, object_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.object_type = k.object_type AND s.object_id = k.object_id
  AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id;

-- name: delete_subscriptions_of_object
-- All subscribers of a deleted object, at the object's end.
DELETE FROM subscription
WHERE workspace_id = $1 AND object_type = $2 AND object_id = $3
RETURNING subscriber_type, subscriber_id;

-- name: page_subscriptions_newest_first
SELECT subscriber_type, subscriber_id, subscription_id, properties, created_at, updated_at
FROM subscription
WHERE workspace_id::bigint = $1 AND object_type = $2 AND object_id = $3 AND subscription_id < $4
ORDER BY subscription_id DESC
LIMIT $5;

-- name: page_subscriptions_oldest_first
SELECT subscriber_type, subscriber_id, subscription_id, properties, created_at, updated_at
FROM subscription
WHERE workspace_id::bigint = $1 AND object_type = $2 AND object_id = $3 AND subscription_id > $4
ORDER BY subscription_id
LIMIT $5;

-- name: page_subscribed_to_newest_first
SELECT object_type, object_id, subscription_id
FROM subscribed_to
WHERE workspace_id::bigint = $1 AND subscriber_type = $2 AND subscriber_id = $3 AND subscription_id < $4
ORDER BY subscription_id DESC
LIMIT $5;

-- name: page_subscribed_to_oldest_first
SELECT object_type, object_id, subscription_id
FROM subscribed_to
WHERE workspace_id::bigint = $1 AND subscriber_type = $2 AND subscriber_id = $3 AND subscription_id > $4
ORDER BY subscription_id
LIMIT $5;

-- name: count_subscribed_to
-- Over one subscriber's own rows: grows with what that recipient is subscribed to, not with the number of recipients.
SELECT count(*) FROM subscribed_to WHERE workspace_id = $1 AND subscriber_type = $2 AND subscriber_id = $3;

-- name: read_subscriptions_of_subscriber
-- The relations of one subscriber with the given objects, for a page that was found at the subscriber's end.
SELECT s.object_type, s.object_id, s.properties, s.created_at, s.updated_at
FROM (
    SELECT $1::integer AS workspace_id, $2::text AS subscriber_type, $3::text AS subscriber_id, object_type, object_id
    FROM unnest($4::text[], $5::text[]) AS k (object_type, object_id)
    OFFSET 0
) AS k
JOIN subscription AS s USING (workspace_id, object_type, object_id, subscriber_type, subscriber_id);

-- name: read_updated_at
SELECT p.object_type, p.recipient_id, p.updated_at
FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id);

-- name: find_parent_objects
-- One step up from several objects.
SELECT DISTINCT s.object_type, s.object_id
FROM (
    SELECT $1::integer AS workspace_id, subscriber_type, subscriber_id
    FROM unnest($2::text[], $3::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
JOIN subscribed_to AS s USING (workspace_id, subscriber_type, subscriber_id);

-- name: find_child_objects
-- One step down from several objects; users are no objects.
SELECT DISTINCT s.subscriber_type, s.subscriber_id
FROM (
    SELECT $1::integer AS workspace_id, object_type, object_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, object_id)
    OFFSET 0
) AS k
JOIN subscription AS s USING (workspace_id, object_type, object_id)
WHERE s.subscriber_type > '';

-- name: lock_nesting
-- Nesting is checked over several rows: one writer of object-to-object subscriptions a workspace at a time.
SELECT pg_advisory_xact_lock(78770002, $1);
