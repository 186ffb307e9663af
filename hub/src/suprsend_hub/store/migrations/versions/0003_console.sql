-- Who may use the console. Few rows; on Citus these stay on the coordinator, like workspace.
CREATE TABLE console_user (
    console_user_id integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text        NOT NULL CONSTRAINT console_user_name_unique UNIQUE,
    password_hash   text,                  -- argon2id; null: signs in by one-time link only
    session_epoch   integer     NOT NULL,  -- sessions of an earlier epoch are over ("sign out everywhere")
    created_at      timestamptz NOT NULL
);

-- The workspaces a console user sees.
CREATE TABLE console_grant (
    console_user_id integer NOT NULL REFERENCES console_user ON DELETE CASCADE,
    workspace_id    integer NOT NULL REFERENCES workspace ON DELETE CASCADE,
    role            text    NOT NULL CONSTRAINT console_grant_role CHECK (role IN ('viewer', 'editor')),
    PRIMARY KEY (console_user_id, workspace_id)
);

-- One-time sign-in links that nobody has used yet.
CREATE TABLE console_link (
    token_hash      bytea       PRIMARY KEY,  -- SHA-256; the token itself is never stored
    console_user_id integer     NOT NULL REFERENCES console_user ON DELETE CASCADE,
    expires_at      timestamptz NOT NULL
);

-- Attempts to sign in, counted per name and per address in a window of time.
CREATE TABLE console_attempt (
    subject      bytea       PRIMARY KEY,  -- hash of what was tried: a password typed as a name is not kept
    attempts     integer     NOT NULL,
    window_start timestamptz NOT NULL
);
