-- The first tables. What they mean is written in schema.sql.

CREATE TABLE workspace (
    workspace_id     integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text        NOT NULL CONSTRAINT workspace_name_unique UNIQUE,
    workspace_uid    text        NOT NULL CONSTRAINT workspace_uid_unique UNIQUE,
    workspace_key    text        NOT NULL CONSTRAINT workspace_key_unique UNIQUE,
    secret_encrypted bytea       NOT NULL,  -- recoverable, because HMAC needs it; encrypted under the master key
    created_at       timestamptz NOT NULL
);

CREATE TABLE api_key (
    api_key_id   uuid        PRIMARY KEY,
    workspace_id integer     NOT NULL REFERENCES workspace,
    name         text        NOT NULL,
    key_hash     bytea       NOT NULL CONSTRAINT api_key_hash_unique UNIQUE,  -- SHA-256; the key itself is never stored
    hint         text        NOT NULL,  -- last four characters, to tell keys apart
    created_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
CREATE INDEX api_key_by_workspace ON api_key (workspace_id, api_key_id);

-- A recipient: a user (object_type '', recipient_id is the distinct_id) or an object (recipient_id is its id).
CREATE TABLE profile (
    workspace_id integer     NOT NULL,
    object_type  text        COLLATE "C" NOT NULL,
    recipient_id text        COLLATE "C" NOT NULL,
    profile_id   uuid        NOT NULL,  -- ULID of the creation: order of lists, cursor, and which life of a reused id
    version      bigint      NOT NULL,  -- optimistic lock; starts at creation time, so no two lives share a version
    properties   json        NOT NULL,
    channels     json        NOT NULL,
    addresses    text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, object_type, recipient_id)
) WITH (fillfactor = 50);
CREATE INDEX profile_by_creation ON profile ((workspace_id::bigint), object_type, profile_id);
CREATE INDEX profile_by_address ON profile USING gin (addresses);

-- Every edit that was applied: what the console shows, and what makes an edit count once.
CREATE TABLE history (
    workspace_id integer NOT NULL,
    object_type  text    COLLATE "C" NOT NULL,
    recipient_id text    COLLATE "C" NOT NULL,
    insert_key   uuid    NOT NULL,  -- from the event's $insert_id, an idempotency key, or made by the hub
    edit_id      uuid    NOT NULL,  -- ULID: order and time of the edit
    source       text    NOT NULL,  -- SDK and version, API, or console user
    operations   json,              -- null once the recipient has been deleted
    before       json,              -- stored values that the edit replaced; null when it replaced none
    PRIMARY KEY (workspace_id, object_type, recipient_id, insert_key)
);
CREATE INDEX history_by_time ON history USING brin (edit_id);  -- for the clean-up by age; rows arrive in this order

-- Records and operations that could not be applied, for the CLI and the console.
CREATE TABLE rejected (
    workspace_id integer NOT NULL,
    object_type  text    COLLATE "C" NOT NULL,
    recipient_id text    COLLATE "C" NOT NULL,  -- '' when the record named nobody
    rejected_id  uuid    NOT NULL,  -- ULID: order and time
    code         text    NOT NULL,
    key          text    NOT NULL,  -- the property or channel concerned, '' for the whole record
    message      text    NOT NULL,
    record       json    NOT NULL,  -- what was refused, secrets masked, cut to a few kB
    source       text    NOT NULL,
    PRIMARY KEY (workspace_id, object_type, recipient_id, rejected_id)
);
CREATE INDEX rejected_by_time ON rejected (workspace_id, rejected_id);

-- Exact counts without scans: the sum over the slots, which spread writers over rows.
CREATE TABLE counter (
    workspace_id integer  NOT NULL,
    name         text     COLLATE "C" NOT NULL,
    slot         smallint NOT NULL,
    value        bigint   NOT NULL,
    PRIMARY KEY (workspace_id, name, slot)
) WITH (fillfactor = 50);
