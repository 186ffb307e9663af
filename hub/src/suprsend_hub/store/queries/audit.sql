-- name: insert_audit
-- One row per change, in the transaction of the change. A refused sign-in has the same id as the others of its minute and
-- address, and adds to their count.
INSERT INTO audit AS a (workspace_id, target_id, audit_id, action, target_type, actor_kind, actor_name, user_agent, address,
                        request_id, count, detail)
SELECT k.workspace_id, k.target_id, k.audit_id, k.action, k.target_type, k.actor_kind, k.actor_name, k.user_agent, k.address,
       k.request_id, 1, k.detail::json
FROM unnest($1::integer[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[])
     AS k (workspace_id, target_id, audit_id, action, target_type, actor_kind, actor_name, user_agent, address, request_id,
           detail)
ON CONFLICT (workspace_id, target_id, audit_id) DO UPDATE SET count = a.count + 1;

-- name: page_audit
-- Newest first, from below $2 down to $3.
SELECT audit_id, action, target_type, target_id, actor_kind, actor_name, user_agent, address, request_id, count, detail
FROM audit
WHERE workspace_id::bigint = $1 AND audit_id < $2 AND audit_id >= $3
ORDER BY audit_id DESC
LIMIT $4;

-- name: page_audit_of_target
SELECT audit_id, action, target_type, target_id, actor_kind, actor_name, user_agent, address, request_id, count, detail
FROM audit
WHERE workspace_id = $1 AND target_id = $5 AND audit_id < $2 AND audit_id >= $3
ORDER BY audit_id DESC
LIMIT $4;

-- name: delete_old_audit
DELETE FROM audit AS a
USING (
    SELECT workspace_id, target_id, audit_id
    FROM audit
    WHERE workspace_id::bigint = $1 AND audit_id < $2
    ORDER BY audit_id
    LIMIT $3
) AS k
WHERE a.workspace_id = k.workspace_id AND a.target_id = k.target_id AND a.audit_id = k.audit_id;
