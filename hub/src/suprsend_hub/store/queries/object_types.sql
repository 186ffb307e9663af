-- name: list_object_types
-- The types that have objects, from their counters. This reads a range of one index and does not scan objects.
SELECT substr(name, 9) AS object_type, sum(value)::bigint AS objects
FROM counter
WHERE workspace_id = $1 AND name > 'objects:' AND name < 'objects;'
GROUP BY name
HAVING sum(value) > 0
ORDER BY name
LIMIT $2;
