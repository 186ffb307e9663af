-- What operators can change their minds about. The secret before the current one, valid until the overlap ends:
ALTER TABLE workspace ADD COLUMN previous_secret bytea;
ALTER TABLE workspace ADD COLUMN previous_secret_until timestamptz;
-- Since when nobody gets in; null: everybody does.
ALTER TABLE workspace ADD COLUMN disabled_at timestamptz;
-- Since when it is being deleted; it stays disabled then.
ALTER TABLE workspace ADD COLUMN deleting_since timestamptz;
-- How far the Date of a signed request may be from the hub's clock, in seconds; 0 means any.
ALTER TABLE workspace ADD COLUMN max_clock_skew_s integer NOT NULL DEFAULT 0;

-- Sessions of the console that were signed out before they expired.
CREATE TABLE console_ended_session (
    nonce      text        PRIMARY KEY,  -- of the session's token, which is not stored
    expires_at timestamptz NOT NULL
);
