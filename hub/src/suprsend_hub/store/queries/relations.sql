-- name: read_list_members
-- Which of the users are members of the live version of a list.
SELECT m.distinct_id
FROM list_membership AS m
JOIN list AS l ON l.workspace_id = $1 AND l.list_id = m.list_id AND l.live_version = m.version_id
WHERE m.workspace_id = $1 AND m.list_id = $2 AND m.distinct_id = ANY($3::text[]);

-- name: read_object_subscribers
-- Which of the users are subscribed to an object.
SELECT subscriber_id
FROM subscribed_to AS s
WHERE workspace_id = $1 AND subscriber_type = '' AND subscriber_id = ANY($4::text[])
  AND object_type = $2 AND object_id = $3
  AND NOT EXISTS (
      SELECT 1 FROM dead_object AS d
      WHERE d.workspace_id = s.workspace_id AND d.object_type = s.object_type AND d.object_id = s.object_id
        AND s.subscription_id <= d.last_subscription_id
  );
