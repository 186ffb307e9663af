-- name: insert_console_user
INSERT INTO console_user (name, password_hash, session_epoch, created_at)
VALUES ($1, $2, 1, $3)
RETURNING console_user_id;

-- name: find_console_user_by_name
SELECT console_user_id, name, password_hash, session_epoch, created_at FROM console_user WHERE name = $1;

-- name: find_console_user
SELECT console_user_id, name, password_hash, session_epoch, created_at FROM console_user WHERE console_user_id = $1;

-- name: list_console_users
SELECT console_user_id, name, password_hash, session_epoch, created_at FROM console_user ORDER BY name;

-- name: delete_console_user
DELETE FROM console_user WHERE console_user_id = $1;

-- name: set_console_password
-- A changed password ends all sessions.
UPDATE console_user SET password_hash = $2, session_epoch = session_epoch + 1 WHERE console_user_id = $1;

-- name: find_console_user_of_session
SELECT console_user_id, name, password_hash, session_epoch, created_at
FROM console_user
WHERE console_user_id = $1 AND session_epoch = $2
  AND NOT EXISTS (SELECT FROM console_ended_session WHERE nonce = $3);

-- name: end_console_session
INSERT INTO console_ended_session (nonce, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: delete_expired_console_sessions
DELETE FROM console_ended_session WHERE expires_at < $1;

-- name: end_console_sessions
UPDATE console_user SET session_epoch = session_epoch + 1 WHERE console_user_id = $1;

-- name: grant_console_workspace
INSERT INTO console_grant (console_user_id, workspace_id, role)
VALUES ($1, $2, $3)
ON CONFLICT (console_user_id, workspace_id) DO UPDATE SET role = excluded.role;

-- name: revoke_console_workspace
DELETE FROM console_grant WHERE console_user_id = $1 AND workspace_id = $2 RETURNING workspace_id;

-- name: read_console_grants
SELECT g.workspace_id, w.name AS workspace_name, g.role
FROM console_grant AS g JOIN workspace AS w USING (workspace_id)
WHERE g.console_user_id = $1 AND ($2 OR w.disabled_at IS NULL)
ORDER BY g.workspace_id;

-- name: insert_console_link
INSERT INTO console_link (token_hash, console_user_id, expires_at) VALUES ($1, $2, $3);

-- name: use_console_link
-- Deleting the row uses the link. Only one of several concurrent requests can delete it.
DELETE FROM console_link WHERE token_hash = $1 RETURNING console_user_id, expires_at;

-- name: delete_stale_console_links
DELETE FROM console_link WHERE expires_at < $1;

-- name: count_console_attempt
-- Counts before the password is looked at, so that parallel guesses cannot pass the limit. $3 is the start of the
-- oldest window that still counts.
INSERT INTO console_attempt AS a (subject, attempts, window_start)
VALUES ($1, 1, $2)
ON CONFLICT (subject) DO UPDATE
SET attempts = CASE WHEN a.window_start < $3 THEN 1 ELSE a.attempts + 1 END,
    window_start = CASE WHEN a.window_start < $3 THEN excluded.window_start ELSE a.window_start END
RETURNING attempts, window_start;

-- name: forget_console_attempts
DELETE FROM console_attempt WHERE subject = $1;

-- name: take_back_console_attempt
UPDATE console_attempt SET attempts = attempts - 1 WHERE subject = $1 AND attempts > 0;

-- name: delete_stale_console_attempts
DELETE FROM console_attempt WHERE window_start < $1;
