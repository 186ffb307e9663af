-- name: insert_rejected
INSERT INTO rejected (workspace_id, object_type, recipient_id, rejected_id, code, key, message, record, source)
SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::json[],
                     $9::text[]);

-- name: page_rejected
-- Newest first.
SELECT object_type, recipient_id, rejected_id, code, key AS property_key, message, record, source
FROM rejected
WHERE workspace_id = $1 AND rejected_id < $2
ORDER BY rejected_id DESC
LIMIT $3;

-- name: page_rejected_of_recipient
SELECT object_type, recipient_id, rejected_id, code, key AS property_key, message, record, source
FROM rejected
WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND rejected_id < $4
ORDER BY rejected_id DESC
LIMIT $5;
