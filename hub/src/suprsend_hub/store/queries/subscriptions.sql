-- Statements that look up several keys take them from a subquery that ends in OFFSET 0. It keeps the planner from pulling
-- the constants of a key apart from its list: a plan made for an empty table would then read the whole workspace by them.

-- A subscription up to `dead_object.last_subscription_id` belongs to an earlier life of its object and waits for the
-- sweeper: nothing here shows or counts it.

-- name: find_dead_object
-- The last subscription to earlier lives of an object, if any is left.
SELECT last_subscription_id FROM dead_object WHERE workspace_id = $1 AND object_type = $2 AND object_id = $3;

-- name: upsert_subscribed_to
-- The subscriber's end, which is locked first, as everywhere. A returned row has the id that was there, or the fresh one
-- that was passed: then it is new. $7 is the last subscription to earlier lives.
INSERT INTO subscribed_to AS s (workspace_id, subscriber_type, subscriber_id, object_type, object_id, subscription_id)
SELECT $1, k.subscriber_type, k.subscriber_id, $2, $3, k.subscription_id
FROM unnest($4::text[], $5::text[], $6::uuid[]) AS k (subscriber_type, subscriber_id, subscription_id)
ON CONFLICT (workspace_id, subscriber_type, subscriber_id, object_type, object_id) DO UPDATE
SET subscription_id = CASE WHEN s.subscription_id > $7 THEN s.subscription_id ELSE excluded.subscription_id END
RETURNING s.subscriber_type, s.subscriber_id, s.subscription_id;

-- name: upsert_subscriptions
-- The object's end, with the ids that the subscriber's end has.
INSERT INTO subscription AS s (workspace_id, object_type, object_id, subscriber_type, subscriber_id, subscription_id,
                               properties, created_at, updated_at)
SELECT $1, $2, $3, k.subscriber_type, k.subscriber_id, k.subscription_id, $7::json, $8, $8
FROM unnest($4::text[], $5::text[], $6::uuid[]) AS k (subscriber_type, subscriber_id, subscription_id)
ON CONFLICT (workspace_id, object_type, object_id, subscriber_type, subscriber_id) DO UPDATE
SET subscription_id = excluded.subscription_id, properties = excluded.properties,
    created_at = CASE WHEN s.subscription_id = excluded.subscription_id THEN s.created_at ELSE excluded.created_at END,
    updated_at = GREATEST(s.updated_at, excluded.updated_at)
RETURNING s.subscriber_type, s.subscriber_id, s.subscription_id, s.properties, s.created_at, s.updated_at;

-- name: delete_subscribed_to
-- Subscriptions with ids after $6 and up to $7; returns those that it has ended.
DELETE FROM subscribed_to AS s
USING (
    SELECT $1::integer AS workspace_id, $2::text AS object_type, $3::text AS object_id, subscriber_type, subscriber_id
    FROM unnest($4::text[], $5::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id
  AND s.object_type = k.object_type AND s.object_id = k.object_id
  AND s.subscription_id > $6 AND s.subscription_id <= $7
RETURNING s.subscriber_type, s.subscriber_id;

-- name: delete_subscriptions
DELETE FROM subscription AS s
USING (
    SELECT $1::integer AS workspace_id, $2::text AS object_type, $3::text AS object_id, subscriber_type, subscriber_id
    FROM unnest($4::text[], $5::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.object_type = k.object_type AND s.object_id = k.object_id
  AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id
  AND s.subscription_id > $6 AND s.subscription_id <= $7;

-- name: page_subscriptions_newest_first
SELECT subscriber_type, subscriber_id, subscription_id, properties, created_at, updated_at
FROM subscription
WHERE workspace_id::bigint = $1 AND object_type = $2 AND object_id = $3 AND subscription_id < $4
  AND subscription_id > coalesce(
      (SELECT last_subscription_id FROM dead_object WHERE workspace_id = $1 AND object_type = $2 AND object_id = $3),
      '00000000-0000-0000-0000-000000000000'::uuid
  )
ORDER BY subscription_id DESC
LIMIT $5;

-- name: page_subscriptions_oldest_first
SELECT subscriber_type, subscriber_id, subscription_id, properties, created_at, updated_at
FROM subscription
WHERE workspace_id::bigint = $1 AND object_type = $2 AND object_id = $3 AND subscription_id > $4
  AND subscription_id > coalesce(
      (SELECT last_subscription_id FROM dead_object WHERE workspace_id = $1 AND object_type = $2 AND object_id = $3),
      '00000000-0000-0000-0000-000000000000'::uuid
  )
ORDER BY subscription_id
LIMIT $5;

-- name: page_subscribed_to_newest_first
SELECT object_type, object_id, subscription_id
FROM subscribed_to AS s
WHERE workspace_id::bigint = $1 AND subscriber_type = $2 AND subscriber_id = $3 AND subscription_id < $4
  AND NOT EXISTS (
      SELECT 1 FROM dead_object AS d
      WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
        AND s.subscription_id <= d.last_subscription_id
  )
ORDER BY subscription_id DESC
LIMIT $5;

-- name: page_subscribed_to_oldest_first
SELECT object_type, object_id, subscription_id
FROM subscribed_to AS s
WHERE workspace_id::bigint = $1 AND subscriber_type = $2 AND subscriber_id = $3 AND subscription_id > $4
  AND NOT EXISTS (
      SELECT 1 FROM dead_object AS d
      WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
        AND s.subscription_id <= d.last_subscription_id
  )
ORDER BY subscription_id
LIMIT $5;

-- name: count_subscribed_to
-- Over one subscriber's own rows: grows with what that recipient is subscribed to, not with the number of recipients.
SELECT count(*)
FROM subscribed_to AS s
WHERE workspace_id = $1 AND subscriber_type = $2 AND subscriber_id = $3
  AND NOT EXISTS (
      SELECT 1 FROM dead_object AS d
      WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
        AND s.subscription_id <= d.last_subscription_id
  );

-- name: read_subscriptions_of_subscriber
-- The relations of one subscriber with the given objects, for a page that was found at the subscriber's end.
SELECT s.object_type, s.object_id, s.properties, s.created_at, s.updated_at
FROM (
    SELECT $1::integer AS workspace_id, $2::text AS subscriber_type, $3::text AS subscriber_id, object_type, object_id,
           subscription_id
    FROM unnest($4::text[], $5::text[], $6::uuid[]) AS k (object_type, object_id, subscription_id)
    OFFSET 0
) AS k
JOIN subscription AS s USING (workspace_id, object_type, object_id, subscriber_type, subscriber_id, subscription_id);

-- name: read_updated_at
SELECT p.object_type, p.recipient_id, p.updated_at
FROM (
    SELECT $1::integer AS workspace_id, object_type, recipient_id, 0 AS tenant_no
    FROM unnest($2::text[], $3::text[]) AS k (object_type, recipient_id)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id, tenant_no);

-- name: find_parent_objects
-- One step up from several objects.
SELECT DISTINCT s.object_type, s.object_id
FROM (
    SELECT $1::integer AS workspace_id, subscriber_type, subscriber_id
    FROM unnest($2::text[], $3::text[]) AS k (subscriber_type, subscriber_id)
    OFFSET 0
) AS k
JOIN subscribed_to AS s USING (workspace_id, subscriber_type, subscriber_id)
WHERE NOT EXISTS (
      SELECT 1 FROM dead_object AS d
      WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
        AND s.subscription_id <= d.last_subscription_id
  );

-- name: find_child_objects
-- One step down from several objects. Users are not objects.
SELECT DISTINCT s.subscriber_type, s.subscriber_id
FROM (
    SELECT $1::integer AS workspace_id, object_type, object_id
    FROM unnest($2::text[], $3::text[]) AS k (object_type, object_id)
    OFFSET 0
) AS k
JOIN subscription AS s USING (workspace_id, object_type, object_id)
WHERE s.subscriber_type > ''
  AND NOT EXISTS (
      SELECT 1 FROM dead_object AS d
      WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
        AND s.subscription_id <= d.last_subscription_id
  );

-- name: lock_nesting
-- Nesting is checked over several rows: one writer of object-to-object subscriptions per workspace at a time.
SELECT pg_advisory_xact_lock(78770002, $1);
