-- Statements of `db check` and `db clean`. They read whole tables while a hub may be writing. A repair names a row with
-- the id that it had when it was found wrong, so that a row that has been written again since then is left alone.
-- A find_ statement returns workspace_id, place (for people) and what is wrong there; $1 is how many rows at most.

-- name: allow_scans
-- The pool forbids scans, because statements that look up single rows never need them. These statements do.
SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on;

-- name: lock_maintenance
-- One repair at a time.
SELECT pg_advisory_xact_lock(78770003);

-- name: find_wrong_counters
-- Name, place, value, what there is. Versions and tenants that are being swept are no longer counted.
WITH actual AS (
    SELECT workspace_id,
           (CASE WHEN tenant_no > 0 THEN 'tenant:' || tenant_no
                 WHEN object_type = '' THEN 'users'
                 ELSE 'objects:' || object_type END) COLLATE "C" AS name,
           '' COLLATE "C" AS place, count(*) AS value
    FROM profile
    WHERE linked
    GROUP BY 1, 2
    UNION ALL
    SELECT workspace_id,
           ('subscribers:' || char_length(object_type) || ':' || object_type || '/' || object_id) COLLATE "C", object_id,
           count(*)
    FROM subscription AS s
    WHERE NOT EXISTS (
        SELECT 1 FROM dead_object AS d
        WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
          AND s.subscription_id <= d.last_subscription_id
    )
    GROUP BY workspace_id, object_type, object_id
    UNION ALL
    SELECT workspace_id, ('members:' || list_id || ':' || version_id) COLLATE "C", list_id, count(*)
    FROM list_member
    GROUP BY workspace_id, list_id, version_id
), counted AS (
    SELECT workspace_id, name, place, sum(value)::bigint AS value FROM counter GROUP BY workspace_id, name, place
)
SELECT workspace_id, name, place, coalesce(c.value, 0)::bigint AS value, coalesce(a.value, 0)::bigint AS actual
FROM counted AS c FULL JOIN actual AS a USING (workspace_id, name, place)
WHERE coalesce(c.value, 0) <> coalesce(a.value, 0)
  AND (workspace_id, name) NOT IN (
      SELECT workspace_id, ('members:' || list_id || ':' || version_id) COLLATE "C" FROM dead_list_version
      UNION ALL
      SELECT workspace_id, ('tenant:' || tenant_no) COLLATE "C" FROM dead_tenant
  )
ORDER BY workspace_id, name, place
LIMIT $1;

-- name: find_subscriptions_without_other_end
SELECT s.workspace_id, s.object_type || '/' || s.object_id AS place,
       'the subscription of ' || s.subscriber_type || '/' || s.subscriber_id
        || ' is missing at the subscriber''s end' AS what
FROM subscription AS s
LEFT JOIN subscribed_to AS o USING (workspace_id, subscriber_type, subscriber_id, object_type, object_id)
WHERE o.subscription_id IS DISTINCT FROM s.subscription_id
LIMIT $1;

-- name: repair_subscriptions_without_other_end
-- The object's end contains the properties, so it is the one that counts.
INSERT INTO subscribed_to AS o (workspace_id, subscriber_type, subscriber_id, object_type, object_id, subscription_id)
SELECT workspace_id, subscriber_type, subscriber_id, object_type, object_id, subscription_id
FROM (
    SELECT s.workspace_id, s.subscriber_type, s.subscriber_id, s.object_type, s.object_id, s.subscription_id
    FROM subscription AS s
    WHERE NOT EXISTS (
        SELECT FROM subscribed_to AS o
        WHERE o.workspace_id = s.workspace_id AND o.subscriber_type = s.subscriber_type
          AND o.subscriber_id = s.subscriber_id AND o.object_type = s.object_type AND o.object_id = s.object_id
          AND o.subscription_id = s.subscription_id
    )
    FOR KEY SHARE OF s
) AS s
ON CONFLICT (workspace_id, subscriber_type, subscriber_id, object_type, object_id)
DO UPDATE SET subscription_id = excluded.subscription_id;

-- name: find_subscribed_to_without_other_end
SELECT o.workspace_id, o.subscriber_type || '/' || o.subscriber_id AS place,
       'is subscribed to ' || o.object_type || '/' || o.object_id || ', which does not know of it' AS what
FROM subscribed_to AS o
LEFT JOIN subscription AS s USING (workspace_id, object_type, object_id, subscriber_type, subscriber_id)
WHERE s.subscription_id IS NULL
LIMIT $1;

-- name: repair_subscribed_to_without_other_end
DELETE FROM subscribed_to AS o
USING (
    SELECT o.workspace_id, o.subscriber_type, o.subscriber_id, o.object_type, o.object_id, o.subscription_id
    FROM subscribed_to AS o
    LEFT JOIN subscription AS s USING (workspace_id, object_type, object_id, subscriber_type, subscriber_id)
    WHERE s.subscription_id IS NULL
    OFFSET 0
) AS k
WHERE o.workspace_id = k.workspace_id AND o.subscriber_type = k.subscriber_type AND o.subscriber_id = k.subscriber_id
  AND o.object_type = k.object_type AND o.object_id = k.object_id AND o.subscription_id = k.subscription_id;

-- name: find_subscriptions_of_nobody
SELECT s.workspace_id, s.object_type || '/' || s.object_id AS place,
       'is subscribed to by ' || s.subscriber_type || '/' || s.subscriber_id
        || ', and one of the two does not exist' AS what
FROM subscription AS s
WHERE (
        NOT EXISTS (
            SELECT FROM profile AS p
            WHERE p.workspace_id = s.workspace_id AND p.object_type = s.object_type AND p.recipient_id = s.object_id AND p.tenant_no = 0
        )
     OR NOT EXISTS (
            SELECT FROM profile AS p
            WHERE p.workspace_id = s.workspace_id AND p.object_type = s.subscriber_type
              AND p.recipient_id = s.subscriber_id AND p.tenant_no = 0
        )
  )
  AND NOT EXISTS (
      SELECT 1 FROM dead_object AS d
      WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
        AND s.subscription_id <= d.last_subscription_id
  )
LIMIT $1;

-- name: repair_subscriptions_of_nobody
-- The other end goes in the next step, as one without this end.
DELETE FROM subscription AS s
USING (
    SELECT s.workspace_id, s.object_type, s.object_id, s.subscriber_type, s.subscriber_id, s.subscription_id,
           s.updated_at
    FROM subscription AS s
    WHERE (
            NOT EXISTS (
                SELECT FROM profile AS p
                WHERE p.workspace_id = s.workspace_id AND p.object_type = s.object_type AND p.recipient_id = s.object_id AND p.tenant_no = 0
            )
         OR NOT EXISTS (
                SELECT FROM profile AS p
                WHERE p.workspace_id = s.workspace_id AND p.object_type = s.subscriber_type
                  AND p.recipient_id = s.subscriber_id AND p.tenant_no = 0
            )
      )
      AND NOT EXISTS (
          SELECT 1 FROM dead_object AS d
          WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
            AND s.subscription_id <= d.last_subscription_id
      )
    OFFSET 0
) AS k
WHERE s.workspace_id = k.workspace_id AND s.object_type = k.object_type AND s.object_id = k.object_id
  AND s.subscriber_type = k.subscriber_type AND s.subscriber_id = k.subscriber_id
  AND s.subscription_id = k.subscription_id AND s.updated_at = k.updated_at;

-- name: find_members_without_other_end
SELECT m.workspace_id, 'list ' || m.list_id AS place,
       'the membership of ' || m.distinct_id || ' is missing at the user''s end' AS what
FROM list_member AS m
LEFT JOIN list_membership AS o USING (workspace_id, list_id, version_id, distinct_id)
WHERE o.member_id IS DISTINCT FROM m.member_id
LIMIT $1;

-- name: repair_members_without_other_end
INSERT INTO list_membership AS o (workspace_id, distinct_id, list_id, version_id, member_id, created_at)
SELECT workspace_id, distinct_id, list_id, version_id, member_id, created_at
FROM (
    SELECT m.workspace_id, m.distinct_id, m.list_id, m.version_id, m.member_id, m.created_at
    FROM list_member AS m
    WHERE NOT EXISTS (
        SELECT FROM list_membership AS o
        WHERE o.workspace_id = m.workspace_id AND o.distinct_id = m.distinct_id AND o.list_id = m.list_id
          AND o.version_id = m.version_id AND o.member_id = m.member_id
    )
    FOR KEY SHARE OF m
) AS m
ON CONFLICT (workspace_id, distinct_id, list_id, version_id) DO UPDATE SET member_id = excluded.member_id;

-- name: find_memberships_without_other_end
SELECT o.workspace_id, 'user ' || o.distinct_id AS place,
       'is a member of list ' || o.list_id || ', which does not know of it' AS what
FROM list_membership AS o
LEFT JOIN list_member AS m USING (workspace_id, list_id, version_id, distinct_id)
WHERE m.member_id IS NULL
LIMIT $1;

-- name: repair_memberships_without_other_end
DELETE FROM list_membership AS o
USING (
    SELECT o.workspace_id, o.distinct_id, o.list_id, o.version_id, o.member_id
    FROM list_membership AS o
    LEFT JOIN list_member AS m USING (workspace_id, list_id, version_id, distinct_id)
    WHERE m.member_id IS NULL
    OFFSET 0
) AS k
WHERE o.workspace_id = k.workspace_id AND o.distinct_id = k.distinct_id AND o.list_id = k.list_id
  AND o.version_id = k.version_id AND o.member_id = k.member_id;

-- name: find_members_who_are_nobody
SELECT m.workspace_id, 'list ' || m.list_id AS place,
       'has the member ' || m.distinct_id || ', who does not exist' AS what
FROM list_member AS m
LEFT JOIN profile AS p
     ON p.workspace_id = m.workspace_id AND p.object_type = '' AND p.recipient_id = m.distinct_id
        AND p.tenant_no = 0
WHERE p.recipient_id IS NULL
LIMIT $1;

-- name: repair_members_who_are_nobody
-- The other end goes in the next step, as one without this end.
DELETE FROM list_member AS m
USING (
    SELECT m.workspace_id, m.list_id, m.version_id, m.distinct_id, m.member_id
    FROM list_member AS m
    LEFT JOIN profile AS p
         ON p.workspace_id = m.workspace_id AND p.object_type = '' AND p.recipient_id = m.distinct_id
        AND p.tenant_no = 0
    WHERE p.recipient_id IS NULL
    OFFSET 0
) AS k
WHERE m.workspace_id = k.workspace_id AND m.list_id = k.list_id AND m.version_id = k.version_id
  AND m.distinct_id = k.distinct_id AND m.member_id = k.member_id;

-- name: find_drafts_of_no_list
SELECT d.workspace_id, 'list ' || d.list_id AS place, 'has a draft ' || d.version_id || ' and does not exist' AS what
FROM list_draft AS d
LEFT JOIN list AS l USING (workspace_id, list_id)
WHERE l.list_id IS NULL
LIMIT $1;

-- name: repair_drafts_of_no_list
-- Its members are then those of a forgotten version.
DELETE FROM list_draft AS d
WHERE NOT EXISTS (SELECT FROM list AS l WHERE l.workspace_id = d.workspace_id AND l.list_id = d.list_id);

-- name: find_forgotten_versions
-- Versions with members that are neither live nor a draft, and that no sweeper knows.
SELECT m.workspace_id, 'list ' || m.list_id AS place, 'has members of the forgotten version ' || m.version_id AS what
FROM (SELECT DISTINCT workspace_id, list_id, version_id FROM list_member) AS m
LEFT JOIN list AS l ON l.workspace_id = m.workspace_id AND l.list_id = m.list_id AND l.live_version = m.version_id
LEFT JOIN list_draft AS d
     ON d.workspace_id = m.workspace_id AND d.list_id = m.list_id AND d.version_id = m.version_id
LEFT JOIN dead_list_version AS x
     ON x.workspace_id = m.workspace_id AND x.list_id = m.list_id AND x.version_id = m.version_id
WHERE l.list_id IS NULL AND d.list_id IS NULL AND x.list_id IS NULL
LIMIT $1;

-- name: repair_forgotten_versions
-- For the sweeper, which removes them at both ends.
INSERT INTO dead_list_version (workspace_id, list_id, version_id)
SELECT m.workspace_id, m.list_id, m.version_id
FROM (SELECT DISTINCT workspace_id, list_id, version_id FROM list_member) AS m
LEFT JOIN list AS l ON l.workspace_id = m.workspace_id AND l.list_id = m.list_id AND l.live_version = m.version_id
LEFT JOIN list_draft AS d
     ON d.workspace_id = m.workspace_id AND d.list_id = m.list_id AND d.version_id = m.version_id
WHERE l.list_id IS NULL AND d.list_id IS NULL
ON CONFLICT DO NOTHING;

-- name: find_profiles_of_no_tenant
-- Profiles for a life of a tenant that neither goes on nor waits for the sweeper.
SELECT p.workspace_id, p.object_type || '/' || p.recipient_id AS place,
       'has a profile for tenant number ' || p.tenant_no || ', which does not exist' AS what
FROM profile AS p
LEFT JOIN tenant AS t ON t.workspace_id = p.workspace_id AND t.tenant_no = p.tenant_no
LEFT JOIN dead_tenant AS d ON d.workspace_id = p.workspace_id AND d.tenant_no = p.tenant_no
WHERE p.tenant_no > 0 AND t.tenant_id IS NULL AND d.tenant_no IS NULL
LIMIT $1;

-- name: repair_profiles_of_no_tenant
-- For the sweeper, which deletes them with their history.
INSERT INTO dead_tenant (workspace_id, tenant_no, deleted_at)
SELECT DISTINCT p.workspace_id, p.tenant_no, now()
FROM profile AS p
LEFT JOIN tenant AS t ON t.workspace_id = p.workspace_id AND t.tenant_no = p.tenant_no
WHERE p.tenant_no > 0 AND t.tenant_id IS NULL
ON CONFLICT DO NOTHING;

-- name: find_profiles_of_nobody
-- Profiles for tenants of recipients who do not exist.
SELECT p.workspace_id, p.object_type || '/' || p.recipient_id AS place,
       'has a profile for tenant number ' || p.tenant_no || ' and does not exist' AS what
FROM profile AS p
LEFT JOIN profile AS g
     ON g.workspace_id = p.workspace_id AND g.object_type = p.object_type AND g.recipient_id = p.recipient_id
        AND g.tenant_no = 0
WHERE p.tenant_no > 0 AND g.recipient_id IS NULL
LIMIT $1;

-- name: repair_profiles_of_nobody
-- The counters are repaired afterwards.
DELETE FROM profile AS p
USING (
    SELECT p.workspace_id, p.object_type, p.recipient_id, p.tenant_no, p.version
    FROM profile AS p
    LEFT JOIN profile AS g
         ON g.workspace_id = p.workspace_id AND g.object_type = p.object_type AND g.recipient_id = p.recipient_id
            AND g.tenant_no = 0
    WHERE p.tenant_no > 0 AND g.recipient_id IS NULL
    OFFSET 0
) AS k
WHERE p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.recipient_id
  AND p.tenant_no = k.tenant_no AND p.version = k.version;

-- name: walk_profiles
-- A step through all profiles in key order.
SELECT workspace_id, object_type, recipient_id, tenant_no, version, properties, channels, addresses, preferences
FROM profile
WHERE (workspace_id, object_type, recipient_id, tenant_no) > ($1::integer, $2::text, $3::text, $4::integer)
ORDER BY workspace_id, object_type, recipient_id, tenant_no
LIMIT $5;

-- name: repair_addresses
-- Unless the profile, and its addresses with it, has been written since then.
UPDATE profile SET addresses = $6
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4 AND version = $5;

-- name: oldest_workspace
SELECT min(created_at) FROM workspace;

-- name: delete_old_history
-- Up to $3 edits with ids from $1 to below $2. No sooner than a day after the edit: a late resend must find its key.
DELETE FROM history AS h
USING (
    SELECT workspace_id, object_type, recipient_id, tenant_no, insert_key
    FROM history
    WHERE edit_id >= $1 AND edit_id < $2
    LIMIT $3
) AS k
WHERE h.workspace_id = k.workspace_id AND h.object_type = k.object_type AND h.recipient_id = k.recipient_id
  AND h.tenant_no = k.tenant_no AND h.insert_key = k.insert_key;

-- name: delete_old_rejected
DELETE FROM rejected AS r
USING (
    SELECT workspace_id, object_type, recipient_id, rejected_id
    FROM rejected
    WHERE workspace_id = $1 AND rejected_id < $2
    ORDER BY rejected_id
    LIMIT $3
) AS k
WHERE r.workspace_id = k.workspace_id AND r.object_type = k.object_type AND r.recipient_id = k.recipient_id
  AND r.rejected_id = k.rejected_id;
