-- What senders need: many profiles at once, within bounds; who has an address; the members of lists and objects by id alone.

-- name: read_small_profiles
-- Profiles with the positions of their keys. Of those with more than $5 bytes of stored JSON comes the size alone.
SELECT k.position, s.bytes, p.profile_id, p.version,
       CASE WHEN s.bytes <= $5 THEN p.properties END AS properties, CASE WHEN s.bytes <= $5 THEN p.channels END AS channels,
       p.created_at, p.updated_at, CASE WHEN s.bytes <= $5 THEN p.preferences END AS preferences, p.linked
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY
     AS k (workspace_id, object_type, recipient_id, tenant_no, position)
JOIN profile AS p USING (workspace_id, object_type, recipient_id, tenant_no)
CROSS JOIN LATERAL (
    SELECT octet_length(p.properties::text) + octet_length(p.channels::text)
           + coalesce(octet_length(p.preferences::text), 0) AS bytes
) AS s;

-- name: read_tombstones
-- Into whom recipients were merged, each with the position of its key.
SELECT k.position, t.merged_into
FROM (
    SELECT workspace_id, object_type, recipient_id, position
    FROM unnest($1::integer[], $2::text[], $3::text[]) WITH ORDINALITY
         AS k (workspace_id, object_type, recipient_id, position)
    OFFSET 0
) AS k
JOIN tombstone AS t USING (workspace_id, object_type, recipient_id);

-- name: find_profiles_by_addresses
-- Profiles, also those for tenants, with any of the addresses $2, and which of them they have. As in find_by_address, the
-- workspace is part of an address, and OFFSET 0 keeps the planner from reading the whole workspace by its key.
SELECT m.object_type, m.recipient_id, m.tenant_no,
       ARRAY(SELECT a.address FROM unnest(m.addresses) AS a (address) WHERE a.address = ANY($2::text[])) AS addresses
FROM (
    SELECT workspace_id, object_type, recipient_id, tenant_no, addresses
    FROM profile
    WHERE addresses && $2::text[]
    OFFSET 0
) AS m
WHERE m.workspace_id = $1
  AND NOT EXISTS (SELECT FROM dead_tenant AS d WHERE d.workspace_id = m.workspace_id AND d.tenant_no = m.tenant_no)
LIMIT $3;

-- name: find_profiles_with_channels
-- The profiles of recipients, the global one and those for tenants, that have anything on a channel, by the position of the
-- recipient; of a recipient that exists the global one always.
SELECT k.position, p.tenant_no
FROM (
    SELECT workspace_id, object_type, recipient_id, channel, position
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
         AS k (workspace_id, object_type, recipient_id, channel, position)
    OFFSET 0
) AS k
JOIN profile AS p USING (workspace_id, object_type, recipient_id)
WHERE (p.tenant_no = 0 OR (p.channels -> k.channel) IS NOT NULL)
  AND NOT EXISTS (SELECT FROM dead_tenant AS d WHERE d.workspace_id = p.workspace_id AND d.tenant_no = p.tenant_no)
LIMIT $5;

-- name: page_recipient_ids_newest_first
-- As page_profiles_newest_first, without what the profiles contain.
SELECT profile_id AS member_id, recipient_id AS distinct_id, created_at
FROM profile
WHERE workspace_id::bigint = $1 AND tenant_no::bigint = $3 AND object_type = $2 AND profile_id < $4 AND linked
ORDER BY profile_id DESC
LIMIT $5;

-- name: page_recipient_ids_oldest_first
SELECT profile_id AS member_id, recipient_id AS distinct_id, created_at
FROM profile
WHERE workspace_id::bigint = $1 AND tenant_no::bigint = $3 AND object_type = $2 AND profile_id > $4 AND linked
ORDER BY profile_id
LIMIT $5;

-- name: page_subscriber_ids_newest_first
-- As page_subscriptions_newest_first, without the properties.
SELECT subscription_id, subscriber_type, subscriber_id
FROM subscription
WHERE workspace_id::bigint = $1 AND object_type = $2 AND object_id = $3 AND subscription_id < $4
  AND subscription_id > coalesce(
      (SELECT last_subscription_id FROM dead_object WHERE workspace_id = $1 AND object_type = $2 AND object_id = $3),
      '00000000-0000-0000-0000-000000000000'::uuid
  )
ORDER BY subscription_id DESC
LIMIT $5;

-- name: page_subscriber_ids_oldest_first
SELECT subscription_id, subscriber_type, subscriber_id
FROM subscription
WHERE workspace_id::bigint = $1 AND object_type = $2 AND object_id = $3 AND subscription_id > $4
  AND subscription_id > coalesce(
      (SELECT last_subscription_id FROM dead_object WHERE workspace_id = $1 AND object_type = $2 AND object_id = $3),
      '00000000-0000-0000-0000-000000000000'::uuid
  )
ORDER BY subscription_id
LIMIT $5;
