-- Preference categories of workspaces, and what decides about preferences besides the choices of recipients. Version 0 of a
-- document is the draft; the others never change.

-- name: find_preference_settings
-- Which categories are in force, which channels are in use, and what a tenant sets, if there is one with this id.
SELECT w.category_version, w.translation_version, w.active_channels, t.tenant_no, t.settings, t.preferences
FROM workspace AS w
LEFT JOIN tenant AS t ON t.workspace_id = w.workspace_id AND t.tenant_id = $2
WHERE w.workspace_id = $1;

-- name: lock_category_version
-- One change of the categories at a time.
SELECT category_version FROM workspace WHERE workspace_id = $1 FOR NO KEY UPDATE;

-- name: set_category_version
UPDATE workspace SET category_version = $2 WHERE workspace_id = $1;

-- name: find_category_document
SELECT version_no, saved_at, commit_message, hash, document
FROM category_document WHERE workspace_id = $1 AND version_no = $2;

-- name: list_category_versions
-- Newest first, without the draft.
SELECT version_no, saved_at, commit_message, hash
FROM category_document WHERE workspace_id = $1 AND version_no > 0
ORDER BY version_no DESC
LIMIT $2;

-- name: save_category_document
INSERT INTO category_document (workspace_id, version_no, saved_at, commit_message, hash, document)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, version_no) DO UPDATE
SET saved_at = excluded.saved_at, commit_message = excluded.commit_message, hash = excluded.hash,
    document = excluded.document;

-- name: count_choices
-- How many recipients chose something for each of the categories $2; those that nobody chose for are missing.
SELECT slug, count(*) AS choices
FROM (
    SELECT json_object_keys(p.preferences -> 'categories') AS slug
    FROM profile AS p
    WHERE p.workspace_id::bigint = $1 AND p.preferences IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM dead_tenant AS d WHERE d.workspace_id = p.workspace_id AND d.tenant_no = p.tenant_no
      )
) AS chosen
WHERE slug = ANY($2::text[])
GROUP BY slug;

-- name: count_overrides
-- The same for tenants.
SELECT slug, count(*) AS choices
FROM (SELECT json_object_keys(preferences -> 'categories') AS slug FROM tenant WHERE workspace_id = $1) AS chosen
WHERE slug = ANY($2::text[])
GROUP BY slug;

-- name: list_translations
SELECT locale, updated_at FROM category_translation WHERE workspace_id = $1 ORDER BY locale;

-- name: find_translations
SELECT locale, content FROM category_translation WHERE workspace_id = $1 AND locale = ANY($2::text[]);

-- name: save_translation
INSERT INTO category_translation (workspace_id, locale, updated_at, content)
VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, locale) DO UPDATE SET updated_at = excluded.updated_at, content = excluded.content;

-- name: count_translation_change
UPDATE workspace SET translation_version = translation_version + 1 WHERE workspace_id = $1;

-- name: set_active_channels
UPDATE workspace SET active_channels = $2 WHERE workspace_id = $1;

-- name: lock_tenant_overrides
SELECT preferences FROM tenant WHERE workspace_id = $1 AND tenant_id = $2 FOR UPDATE;

-- name: set_tenant_overrides
UPDATE tenant SET preferences = $3 WHERE workspace_id = $1 AND tenant_id = $2;
