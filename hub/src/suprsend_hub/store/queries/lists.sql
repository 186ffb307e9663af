-- As in subscriptions.sql: statements that look up several keys take them from a subquery that ends in OFFSET 0. It keeps the planner from pulling
-- the constants of a key apart from its list: a plan made for an empty table would then read the whole workspace by them.

-- name: upsert_list
-- $5..$8: null keeps what is stored (or the default for a new list).
INSERT INTO list AS l (workspace_id, list_id, live_version, created_at, updated_at,
                       list_name, list_description, track_user_entry, track_user_exit)
VALUES ($1, $2, $3, $4, $4, coalesce($5, ''), coalesce($6, ''), coalesce($7, false), coalesce($8, false))
ON CONFLICT (workspace_id, list_id) DO UPDATE
SET list_name = coalesce($5, l.list_name), list_description = coalesce($6, l.list_description),
    track_user_entry = coalesce($7, l.track_user_entry), track_user_exit = coalesce($8, l.track_user_exit),
    updated_at = GREATEST(l.updated_at, excluded.updated_at)
RETURNING list_id, list_name, list_description, track_user_entry, track_user_exit, live_version, created_at, updated_at;

-- name: find_list
SELECT list_id, list_name, list_description, track_user_entry, track_user_exit, live_version, created_at, updated_at
FROM list WHERE workspace_id = $1 AND list_id = $2;

-- name: lock_list
-- Locks the list until the transaction ends, so that no other transaction adds members, finishes a sync or deletes it.
SELECT live_version FROM list WHERE workspace_id = $1 AND list_id = $2 FOR UPDATE;

-- name: page_lists
-- The one page by offset: the contract asks for it, and a workspace has few lists.
SELECT list_id, list_name, list_description, track_user_entry, track_user_exit, live_version, created_at, updated_at
FROM list WHERE workspace_id = $1
ORDER BY created_at DESC, list_id
LIMIT $2 OFFSET $3;

-- name: count_lists
SELECT count(*) FROM list WHERE workspace_id = $1;

-- name: read_lists
SELECT l.list_id, l.list_name, l.list_description, l.track_user_entry, l.track_user_exit, l.live_version,
       l.created_at, l.updated_at
FROM unnest($2::text[]) AS k (list_id)
JOIN list AS l ON l.workspace_id = $1 AND l.list_id = k.list_id;

-- name: delete_list
DELETE FROM list WHERE workspace_id = $1 AND list_id = $2 RETURNING live_version;

-- name: insert_draft
INSERT INTO list_draft (workspace_id, list_id, version_id, created_at) VALUES ($1, $2, $3, $4);

-- name: find_draft
SELECT list_id, version_id, created_at FROM list_draft WHERE workspace_id = $1 AND list_id = $2 AND version_id = $3;

-- name: read_drafts
SELECT d.list_id, d.version_id, d.created_at
FROM unnest($2::text[]) AS k (list_id)
JOIN list_draft AS d ON d.workspace_id = $1 AND d.list_id = k.list_id
ORDER BY d.version_id;

-- name: delete_draft
-- Waits for all transactions that are adding members to the draft.
DELETE FROM list_draft WHERE workspace_id = $1 AND list_id = $2 AND version_id = $3 RETURNING version_id;

-- name: delete_drafts_of_list
DELETE FROM list_draft WHERE workspace_id = $1 AND list_id = $2 RETURNING version_id;

-- name: set_live_version
UPDATE list SET live_version = $3, updated_at = GREATEST(updated_at, $4) WHERE workspace_id = $1 AND list_id = $2;

-- name: insert_dead_versions
INSERT INTO dead_list_version (workspace_id, list_id, version_id)
SELECT $1, $2, k.version_id FROM unnest($3::uuid[]) AS k (version_id)
ON CONFLICT DO NOTHING;

-- name: add_members
-- Adds the users that exist among $4 to the live version ($3 null) or to a draft, at both ends, and counts them: one
-- round trip for any number of ids. The list (or draft) is held against finishing and deletion, the users against
-- deletion. Returns no row if the list or draft does not exist, else one with the version and how many were new.
WITH target AS MATERIALIZED (
    SELECT coalesce($3::uuid, l.live_version) AS version_id
    FROM list AS l
    WHERE l.workspace_id = $1 AND l.list_id = $2
    FOR SHARE
), draft AS MATERIALIZED (
    SELECT d.version_id
    FROM target CROSS JOIN list_draft AS d  -- after the list, as everybody locks them
    WHERE d.workspace_id = $1 AND d.list_id = $2 AND d.version_id = $3::uuid
    FOR SHARE OF d
), version AS (
    SELECT t.version_id FROM target AS t WHERE $3::uuid IS NULL OR EXISTS (SELECT FROM draft)
), existing AS MATERIALIZED (
    SELECT k.distinct_id, k.member_id
    FROM (
        SELECT $1::integer AS workspace_id, '' AS object_type, distinct_id, member_id
        FROM unnest($4::text[], $5::uuid[]) AS k (distinct_id, member_id)
        OFFSET 0
    ) AS k
    JOIN profile AS p
         ON p.workspace_id = k.workspace_id AND p.object_type = k.object_type AND p.recipient_id = k.distinct_id
            AND p.tenant_no = 0
    FOR KEY SHARE OF p
), added AS (
    INSERT INTO list_member AS m (workspace_id, list_id, version_id, distinct_id, member_id, created_at)
    SELECT $1, $2, v.version_id, e.distinct_id, e.member_id, $6
    FROM version AS v CROSS JOIN existing AS e
    ON CONFLICT (workspace_id, list_id, version_id, distinct_id) DO NOTHING
    RETURNING m.version_id, m.distinct_id, m.member_id
), other_end AS (
    INSERT INTO list_membership (workspace_id, distinct_id, list_id, version_id, member_id, created_at)
    SELECT $1, a.distinct_id, $2, a.version_id, a.member_id, $6 FROM added AS a
    ON CONFLICT (workspace_id, distinct_id, list_id, version_id) DO NOTHING
), counted AS (
    INSERT INTO counter AS c (workspace_id, name, place, slot, value)
    SELECT $1, 'members:' || $2 || ':' || v.version_id, $2, $7, (SELECT count(*) FROM added)
    FROM version AS v
    WHERE EXISTS (SELECT FROM added)
    ON CONFLICT (workspace_id, name, place, slot) DO UPDATE SET value = c.value + excluded.value
)
SELECT v.version_id, (SELECT count(*) FROM added) AS affected FROM version AS v;

-- name: remove_members
-- The reverse: absent members are ignored, the answer is as above.
WITH target AS MATERIALIZED (
    SELECT coalesce($3::uuid, l.live_version) AS version_id
    FROM list AS l
    WHERE l.workspace_id = $1 AND l.list_id = $2
    FOR SHARE
), draft AS MATERIALIZED (
    SELECT d.version_id
    FROM target CROSS JOIN list_draft AS d  -- after the list, as everybody locks them
    WHERE d.workspace_id = $1 AND d.list_id = $2 AND d.version_id = $3::uuid
    FOR SHARE OF d
), version AS (
    SELECT t.version_id FROM target AS t WHERE $3::uuid IS NULL OR EXISTS (SELECT FROM draft)
), removed AS (
    DELETE FROM list_membership AS m
    USING (
        SELECT $1::integer AS workspace_id, k.distinct_id, $2::text AS list_id, v.version_id
        FROM version AS v CROSS JOIN unnest($4::text[]) AS k (distinct_id)
        OFFSET 0
    ) AS k
    WHERE m.workspace_id = k.workspace_id AND m.distinct_id = k.distinct_id AND m.list_id = k.list_id
      AND m.version_id = k.version_id
    RETURNING m.workspace_id, m.list_id, m.version_id, m.distinct_id
), other_end AS (
    DELETE FROM list_member AS m
    USING removed AS r
    WHERE m.workspace_id = r.workspace_id AND m.list_id = r.list_id AND m.version_id = r.version_id
      AND m.distinct_id = r.distinct_id
), counted AS (
    INSERT INTO counter AS c (workspace_id, name, place, slot, value)
    SELECT $1, 'members:' || $2 || ':' || v.version_id, $2, $5, -(SELECT count(*) FROM removed)
    FROM version AS v
    WHERE EXISTS (SELECT FROM removed)
    ON CONFLICT (workspace_id, name, place, slot) DO UPDATE SET value = c.value + excluded.value
)
SELECT v.version_id, (SELECT count(*) FROM removed) AS affected FROM version AS v;

-- name: page_members_newest_first
SELECT member_id, distinct_id, created_at
FROM list_member
WHERE workspace_id::bigint = $1 AND list_id = $2 AND version_id = $3 AND member_id < $4
ORDER BY member_id DESC
LIMIT $5;

-- name: page_members_oldest_first
SELECT member_id, distinct_id, created_at
FROM list_member
WHERE workspace_id::bigint = $1 AND list_id = $2 AND version_id = $3 AND member_id > $4
ORDER BY member_id
LIMIT $5;

-- name: page_memberships_newest_first
-- The live lists of a user.
SELECT m.member_id, m.created_at, m.list_id
FROM list_membership AS m
JOIN list AS l ON l.workspace_id = m.workspace_id AND l.list_id = m.list_id AND l.live_version = m.version_id
WHERE m.workspace_id::bigint = $1 AND m.distinct_id = $2 AND m.member_id < $3
ORDER BY m.member_id DESC
LIMIT $4;

-- name: page_memberships_oldest_first
SELECT m.member_id, m.created_at, m.list_id
FROM list_membership AS m
JOIN list AS l ON l.workspace_id = m.workspace_id AND l.list_id = m.list_id AND l.live_version = m.version_id
WHERE m.workspace_id::bigint = $1 AND m.distinct_id = $2 AND m.member_id > $3
ORDER BY m.member_id
LIMIT $4;

-- name: count_memberships
-- Over one user's own rows.
SELECT count(*)
FROM list_membership AS m
JOIN list AS l ON l.workspace_id = m.workspace_id AND l.list_id = m.list_id AND l.live_version = m.version_id
WHERE m.workspace_id = $1 AND m.distinct_id = $2;

-- name: claim_dead_version
-- Takes one version for this sweeper; others skip it.
SELECT workspace_id, list_id, version_id FROM dead_list_version LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: find_dead_members
-- Some members of a dead version, in key order.
SELECT distinct_id FROM list_member
WHERE workspace_id = $1 AND list_id = $2 AND version_id = $3
ORDER BY distinct_id
LIMIT $4;

-- name: sweep_memberships
-- Of the users $4, in key order, in a dead version: their end goes first, as everywhere.
DELETE FROM list_membership AS m
USING (
    SELECT $1::integer AS workspace_id, distinct_id, $2::text AS list_id, $3::uuid AS version_id
    FROM unnest($4::text[]) AS k (distinct_id)
    OFFSET 0
) AS k
WHERE m.workspace_id = k.workspace_id AND m.distinct_id = k.distinct_id AND m.list_id = k.list_id
  AND m.version_id = k.version_id;

-- name: sweep_members
-- The other end of sweep_memberships.
DELETE FROM list_member AS m
USING (
    SELECT $1::integer AS workspace_id, distinct_id, $2::text AS list_id, $3::uuid AS version_id
    FROM unnest($4::text[]) AS k (distinct_id)
    OFFSET 0
) AS k
WHERE m.workspace_id = k.workspace_id AND m.distinct_id = k.distinct_id AND m.list_id = k.list_id
  AND m.version_id = k.version_id;

-- name: delete_dead_version
DELETE FROM dead_list_version WHERE workspace_id = $1 AND list_id = $2 AND version_id = $3;
