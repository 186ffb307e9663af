-- name: list_object_types
-- The types that have objects, from their counters. This reads a range of one index and does not scan objects.
SELECT substr(name, 9) AS object_type, sum(value)::bigint AS objects
FROM counter
WHERE workspace_id = $1 AND place = '' AND name > 'objects:' AND name < 'objects;'
GROUP BY name
HAVING sum(value) > 0
ORDER BY name
LIMIT $2;

-- name: count_object_types_with
-- Looks at the other types only if one of the given ones is new.
SELECT CASE WHEN k.fresh = 0 THEN 0 ELSE k.fresh + (
    SELECT count(DISTINCT name) FROM counter WHERE workspace_id = $1 AND place = '' AND name > 'objects:' AND name < 'objects;'
) END
FROM (
    SELECT count(*) AS fresh
    FROM unnest($2::text[]) AS n (name)
    WHERE NOT EXISTS (SELECT FROM counter AS c WHERE c.workspace_id = $1 AND c.place = '' AND c.name = n.name COLLATE "C")
) AS k;
