-- Deletion of a whole workspace, $2 rows of a table at a time. It is not in use any more, so the order does not matter to
-- readers; each statement is a transaction of its own.

-- name: empty_subscription
DELETE FROM subscription AS t
USING (SELECT workspace_id, object_type, object_id, subscriber_type, subscriber_id FROM subscription WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.object_id = k.object_id AND t.subscriber_type = k.subscriber_type AND t.subscriber_id = k.subscriber_id;

-- name: empty_subscribed_to
DELETE FROM subscribed_to AS t
USING (SELECT workspace_id, subscriber_type, subscriber_id, object_type, object_id FROM subscribed_to WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.subscriber_type = k.subscriber_type AND t.subscriber_id = k.subscriber_id AND t.object_type = k.object_type AND t.object_id = k.object_id;

-- name: empty_dead_object
DELETE FROM dead_object AS t
USING (SELECT workspace_id, object_type, object_id FROM dead_object WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.object_id = k.object_id;

-- name: empty_list_member
DELETE FROM list_member AS t
USING (SELECT workspace_id, list_id, version_id, distinct_id FROM list_member WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.list_id = k.list_id AND t.version_id = k.version_id AND t.distinct_id = k.distinct_id;

-- name: empty_list_membership
DELETE FROM list_membership AS t
USING (SELECT workspace_id, distinct_id, list_id, version_id FROM list_membership WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.distinct_id = k.distinct_id AND t.list_id = k.list_id AND t.version_id = k.version_id;

-- name: empty_list_draft
DELETE FROM list_draft AS t
USING (SELECT workspace_id, list_id, version_id FROM list_draft WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.list_id = k.list_id AND t.version_id = k.version_id;

-- name: empty_list
DELETE FROM list AS t
USING (SELECT workspace_id, list_id FROM list WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.list_id = k.list_id;

-- name: empty_dead_list_version
DELETE FROM dead_list_version AS t
USING (SELECT workspace_id, list_id, version_id FROM dead_list_version WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.list_id = k.list_id AND t.version_id = k.version_id;

-- name: empty_profile
DELETE FROM profile AS t
USING (SELECT workspace_id, object_type, recipient_id, tenant_no FROM profile WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id AND t.tenant_no = k.tenant_no;

-- name: empty_history
DELETE FROM history AS t
USING (SELECT workspace_id, object_type, recipient_id, tenant_no, insert_key FROM history WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id AND t.tenant_no = k.tenant_no AND t.insert_key = k.insert_key;

-- name: empty_idempotency_key
DELETE FROM idempotency_key AS t
USING (SELECT workspace_id, key FROM idempotency_key WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.key = k.key;

-- name: empty_rejected
DELETE FROM rejected AS t
USING (SELECT workspace_id, object_type, recipient_id, rejected_id FROM rejected WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id AND t.rejected_id = k.rejected_id;

-- name: empty_counter
DELETE FROM counter AS t
USING (SELECT workspace_id, name, place, slot FROM counter WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.name = k.name AND t.place = k.place AND t.slot = k.slot;

-- name: empty_audit
DELETE FROM audit AS t
USING (SELECT workspace_id, target_id, audit_id FROM audit WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.target_id = k.target_id AND t.audit_id = k.audit_id;

-- name: empty_tenant
DELETE FROM tenant AS t
USING (SELECT workspace_id, tenant_id FROM tenant WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.tenant_id = k.tenant_id;

-- name: empty_dead_tenant
DELETE FROM dead_tenant AS t
USING (SELECT workspace_id, tenant_no FROM dead_tenant WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.tenant_no = k.tenant_no;

-- name: empty_alias
DELETE FROM alias AS t
USING (SELECT workspace_id, object_type, alias_id FROM alias WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.alias_id = k.alias_id;

-- name: empty_tombstone
DELETE FROM tombstone AS t
USING (SELECT workspace_id, object_type, recipient_id FROM tombstone WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id;

-- name: empty_former_id
DELETE FROM former_id AS t
USING (SELECT workspace_id, object_type, recipient_id, former_id FROM former_id WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.object_type = k.object_type AND t.recipient_id = k.recipient_id
  AND t.former_id = k.former_id;

-- name: empty_category_document
DELETE FROM category_document AS t
USING (SELECT workspace_id, version_no FROM category_document WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.version_no = k.version_no;

-- name: empty_category_translation
DELETE FROM category_translation AS t
USING (SELECT workspace_id, locale FROM category_translation WHERE workspace_id = $1 LIMIT $2) AS k
WHERE t.workspace_id = k.workspace_id AND t.locale = k.locale;

-- name: begin_workspace_deletion
-- Disables the workspace, which cannot be enabled again.
UPDATE workspace
SET disabled_at = coalesce(disabled_at, $2), deleting_since = coalesce(deleting_since, $2)
WHERE workspace_id = $1
RETURNING deleting_since;

-- name: delete_api_keys_of_workspace
DELETE FROM api_key WHERE workspace_id = $1;

-- name: delete_workspace
-- Grants of console users go with it.
DELETE FROM workspace WHERE workspace_id = $1 AND deleting_since IS NOT NULL;
