-- What was done beside profile edits, which are in the history: by whom, from where, to what, when, in which request.
-- Distributed by target_id, so that a row commits on the node of the change. workspace_id 0 is the hub as a whole.
CREATE TABLE audit (
    workspace_id integer NOT NULL,
    target_id    text    COLLATE "C" NOT NULL,  -- of a recipient, a list, a key, a console user;  if there is none
    audit_id     uuid    NOT NULL,              -- ULID: order, time and cursor
    action       text    NOT NULL,
    target_type  text    COLLATE "C" NOT NULL,  -- of an object: its type
    actor_kind   text    NOT NULL,
    actor_name   text    NOT NULL,
    user_agent   text    NOT NULL,
    address      text    NOT NULL,              -- of the client, as seen through trusted proxies
    request_id   text    NOT NULL,
    count        integer NOT NULL,              -- how often, where equal entries of a minute share a row
    detail       json    NOT NULL,
    PRIMARY KEY (workspace_id, target_id, audit_id)
);
CREATE INDEX audit_by_time ON audit ((workspace_id::bigint), audit_id);

-- Which key or person made an edit. Rows of earlier releases have none.
ALTER TABLE history ADD COLUMN actor text NOT NULL DEFAULT '';

-- What an API key may do.
ALTER TABLE api_key ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,write}';

-- Which request an Idempotency-Key belongs to, so that one that is reused for another request is refused. Only keys of the
-- header are here; the insert ids of events are in the history alone.
CREATE TABLE idempotency_key (
    workspace_id integer NOT NULL,
    key          text    COLLATE "C" NOT NULL,  -- the insert key as text
    object_type  text    COLLATE "C" NOT NULL,
    recipient_id text    COLLATE "C" NOT NULL,
    digest       bytea,                         -- SHA-256 of method, recipient and body; null once the recipient is deleted
    edit_id      uuid    NOT NULL,              -- ULID of the edit, and so its time
    PRIMARY KEY (workspace_id, key)
);
CREATE INDEX idempotency_key_by_recipient ON idempotency_key (workspace_id, object_type, recipient_id);
