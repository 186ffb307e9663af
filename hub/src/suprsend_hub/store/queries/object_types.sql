-- name: list_object_types
-- The types of which there are objects, from their counters: a range of one index, no scan of objects.
SELECT substr(name, 9) AS object_type, sum(value)::bigint AS objects
FROM counter
WHERE workspace_id = $1 AND name > 'objects:' AND name < 'objects;'
GROUP BY name
HAVING sum(value) > 0
ORDER BY name
LIMIT $2;
