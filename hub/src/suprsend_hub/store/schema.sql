-- The current schema, whole: what a fresh database gets after all migrations. A test applies both and compares.
--
-- Rules every table keeps, so that the same SQL runs on Citus (docs/decisions/0003-one-profile-table.md):
--   the workspace is the first column of every key;
--   the distribution column (recipient_id for profiles and what hangs on them) is part of every primary and unique key;
--   no foreign key between tables that are distributed differently.
-- An index that orders rows by creation starts with workspace_id::bigint, and pages say so too: written like the primary
-- key it would look as good to the planner for single keys while statistics are missing, and cost a scan for each. The
-- same is true of tenant_no.
-- Identifiers compare bytewise (COLLATE "C"): prefix search by index, and order that no locale changes.

CREATE TABLE workspace (
    workspace_id     integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text        NOT NULL CONSTRAINT workspace_name_unique UNIQUE,
    workspace_uid    text        NOT NULL CONSTRAINT workspace_uid_unique UNIQUE,
    workspace_key    text        NOT NULL CONSTRAINT workspace_key_unique UNIQUE,
    secret_encrypted bytea       NOT NULL,  -- recoverable, because HMAC needs it; encrypted under the master key
    created_at       timestamptz NOT NULL,
    edits_per_second integer     NOT NULL DEFAULT 0,  -- rate limit, per worker; 0 means none
    burst_edits      integer     NOT NULL DEFAULT 0,  -- how many at once after a rest
    previous_secret       bytea,                      -- the secret before a rotation, encrypted likewise,
    previous_secret_until timestamptz,                -- and how long it is still valid
    disabled_at      timestamptz,                     -- since when requests are refused
    deleting_since   timestamptz,                     -- since when it is being deleted; it stays disabled then
    max_clock_skew_s integer     NOT NULL DEFAULT 0,  -- for the Date of signed requests; 0 means any
    last_tenant_no   integer     NOT NULL DEFAULT 0,  -- of the newest life of a tenant
    after_merge      text        NOT NULL DEFAULT 'recreate',  -- what an event for a merged user does; or 'alias'
    tenancy          json        NOT NULL DEFAULT '{}',  -- the rules about users and tenants
    category_version integer     NOT NULL DEFAULT 0,  -- of the categories in force; 0 before the first commit
    translation_version integer  NOT NULL DEFAULT 0,  -- counts the changes of their translations
    active_channels  text[],                          -- as preferences spell them; null means all
    secret_key_id    text        COLLATE "C"          -- names the master key of secret_encrypted; null in earlier rows
);
CREATE INDEX workspace_by_secret_key ON workspace (secret_key_id, workspace_id);  -- to try each master key once

CREATE TABLE api_key (
    api_key_id   uuid        PRIMARY KEY,
    workspace_id integer     NOT NULL REFERENCES workspace,
    name         text        NOT NULL,
    key_hash     bytea       NOT NULL CONSTRAINT api_key_hash_unique UNIQUE,  -- SHA-256; the key itself is never stored
    hint         text        NOT NULL,  -- last four characters, to tell keys apart
    created_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    scopes       text[]      NOT NULL DEFAULT '{read,write}'
);
CREATE INDEX api_key_by_workspace ON api_key (workspace_id, api_key_id);

-- A profile of a recipient: a user (object_type '', recipient_id is the distinct_id) or an object (recipient_id is its id).
-- Each has a global one, and may have one for each tenant.
CREATE TABLE profile (
    workspace_id integer     NOT NULL,
    tenant_no    integer     NOT NULL,  -- 0: the global profile; else that for a life of a tenant
    version      bigint      NOT NULL,  -- optimistic lock; starts at creation time, so no two lives share a version
    profile_id   uuid        NOT NULL,  -- ULID of the creation: order of lists, cursor, and which life of a reused id
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    linked       boolean     NOT NULL,  -- false: this profile for a tenant is here for its preferences only
    object_type  text        COLLATE "C" NOT NULL,
    recipient_id text        COLLATE "C" NOT NULL,
    properties   json        NOT NULL,
    channels     json        NOT NULL,
    preferences  json,                  -- what the recipient chose; null when nothing was chosen
    addresses    text[]      NOT NULL   -- e-mail addresses and phone numbers, each behind its workspace: for the search
) WITH (fillfactor = 50);  -- room for a second version of every row in its page: updates stay HOT when all users are synced
ALTER TABLE profile ADD PRIMARY KEY (workspace_id, object_type, recipient_id, tenant_no);
CREATE INDEX profile_by_creation ON profile ((workspace_id::bigint), (tenant_no::bigint), linked, object_type, profile_id);
CREATE INDEX profile_with_choices ON profile ((workspace_id::bigint)) WHERE preferences IS NOT NULL;  -- to count choices
CREATE INDEX profile_by_address ON profile USING gin (addresses);  -- measured cheaper than a table of addresses

-- Every edit that was applied: what the console shows, and what makes an edit count once.
CREATE TABLE history (
    workspace_id integer  NOT NULL,
    tenant_no    integer  NOT NULL,
    version      bigint   NOT NULL,  -- of the profile after the edit: the order of application. 0 in rows of earlier releases
    insert_key   uuid     NOT NULL,  -- from the event's $insert_id, an idempotency key, or made by the hub
    edit_id      uuid     NOT NULL,  -- ULID: identity and time of the edit
    position     smallint NOT NULL,  -- among the edits that produced the version together
    object_type  text     COLLATE "C" NOT NULL,
    recipient_id text     COLLATE "C" NOT NULL,
    source       text     NOT NULL,  -- SDK and version, API, or console user
    actor        text     NOT NULL,  -- kind and name of who made the edit; '' in rows of earlier releases
    operations   json,               -- null once the recipient has been deleted
    before       json                -- the way back to the profile before the edit (domain/before.py); null if there was none
);
ALTER TABLE history ADD PRIMARY KEY (workspace_id, object_type, recipient_id, tenant_no, insert_key);
CREATE INDEX history_by_time ON history USING brin (edit_id);  -- for the clean-up by age; rows arrive in this order

-- Every change except profile edits, which are in the history: who, from where, what, when, in which request.
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

-- Which request an Idempotency-Key belongs to, so that one that is reused for another request is refused. Only keys of the
-- header are here; the insert ids of events are in the history alone.
CREATE TABLE idempotency_key (
    workspace_id integer NOT NULL,
    key          text    COLLATE "C" NOT NULL,  -- the insert key as text
    object_type  text    COLLATE "C" NOT NULL,
    recipient_id text    COLLATE "C" NOT NULL,
    digest       bytea,                         -- SHA-256 of method, recipient and body; null once the recipient is deleted
    edit_id      uuid    NOT NULL,              -- ULID of the edit, and so its time
    tenant_no    integer NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, key)
);
CREATE INDEX idempotency_key_by_recipient ON idempotency_key (workspace_id, object_type, recipient_id);

-- Records and operations that could not be applied, for the CLI and the console.
CREATE TABLE rejected (
    workspace_id integer NOT NULL,
    object_type  text    COLLATE "C" NOT NULL,
    recipient_id text    COLLATE "C" NOT NULL,  -- '' if the record names no recipient
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
    slot         smallint NOT NULL,
    value        bigint   NOT NULL,
    name         text     COLLATE "C" NOT NULL,
    place        text     COLLATE "C" NOT NULL,  -- id of the object or list whose records it counts; '' for a workspace
    aliases_made bigint   NOT NULL DEFAULT 0     -- on a workspace's counter of users: how often an id became an alias
) WITH (fillfactor = 50);
ALTER TABLE counter ADD PRIMARY KEY (workspace_id, name, place, slot);

-- Subscriptions to objects, one row each. The subscriber is a user (type '') or another object.
-- Distributed by object_id. The other end is subscribed_to: both change in one transaction.
CREATE TABLE subscription (
    workspace_id    integer     NOT NULL,
    object_type     text        COLLATE "C" NOT NULL,
    object_id       text        COLLATE "C" NOT NULL,
    subscriber_type text        COLLATE "C" NOT NULL,
    subscriber_id   text        COLLATE "C" NOT NULL,
    subscription_id uuid        NOT NULL,  -- ULID: order and cursor
    properties      json        NOT NULL,  -- of the relation
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, object_type, object_id, subscriber_type, subscriber_id)
);
CREATE INDEX subscription_by_creation ON subscription ((workspace_id::bigint), object_type, object_id, subscription_id);

-- The same relation by subscriber: what a user or object is subscribed to. Distributed by subscriber_id.
CREATE TABLE subscribed_to (
    workspace_id    integer NOT NULL,
    subscriber_type text    COLLATE "C" NOT NULL,
    subscriber_id   text    COLLATE "C" NOT NULL,
    object_type     text    COLLATE "C" NOT NULL,
    object_id       text    COLLATE "C" NOT NULL,
    subscription_id uuid    NOT NULL,
    PRIMARY KEY (workspace_id, subscriber_type, subscriber_id, object_type, object_id)
);
CREATE INDEX subscribed_to_by_creation
    ON subscribed_to ((workspace_id::bigint), subscriber_type, subscriber_id, subscription_id);

-- Objects that were deleted while they had subscribers, whose subscriptions the sweeper ends in small steps. Those up to
-- last_subscription_id belong to an earlier life of the object and are never shown.
CREATE TABLE dead_object (
    workspace_id         integer NOT NULL,
    object_type          text    COLLATE "C" NOT NULL,
    object_id            text    COLLATE "C" NOT NULL,
    last_subscription_id uuid    NOT NULL,
    PRIMARY KEY (workspace_id, object_type, object_id)
);

-- Subscriber lists. The membership that counts is that of live_version: finishing a sync is one update of this row.
CREATE TABLE list (
    workspace_id     integer     NOT NULL,
    list_id          text        COLLATE "C" NOT NULL,
    list_name        text        NOT NULL,
    list_description text        NOT NULL,
    track_user_entry boolean     NOT NULL,
    track_user_exit  boolean     NOT NULL,
    live_version     uuid        NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, list_id)
);

-- Versions being filled.
CREATE TABLE list_draft (
    workspace_id integer     NOT NULL,
    list_id      text        COLLATE "C" NOT NULL,
    version_id   uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, list_id, version_id)
);

-- Members of each version of a list. Distributed by list_id; the other end is list_membership.
CREATE TABLE list_member (
    workspace_id integer     NOT NULL,
    list_id      text        COLLATE "C" NOT NULL,
    version_id   uuid        NOT NULL,
    distinct_id  text        COLLATE "C" NOT NULL,
    member_id    uuid        NOT NULL,  -- ULID: order and cursor
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, list_id, version_id, distinct_id)
);
CREATE INDEX list_member_by_creation ON list_member ((workspace_id::bigint), list_id, version_id, member_id);

-- The lists of a user, all versions; readers keep those that are live. Distributed by distinct_id.
CREATE TABLE list_membership (
    workspace_id integer     NOT NULL,
    distinct_id  text        COLLATE "C" NOT NULL,
    list_id      text        COLLATE "C" NOT NULL,
    version_id   uuid        NOT NULL,
    member_id    uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, distinct_id, list_id, version_id)
);
CREATE INDEX list_membership_by_creation ON list_membership ((workspace_id::bigint), distinct_id, member_id);

-- Versions that are no longer live; the sweeper removes their members in small steps.
CREATE TABLE dead_list_version (
    workspace_id integer NOT NULL,
    list_id      text    COLLATE "C" NOT NULL,
    version_id   uuid    NOT NULL,
    PRIMARY KEY (workspace_id, list_id, version_id)
);

-- A tenant: a customer of the application, with profiles of its own for the users they share. On Citus a reference table.
CREATE TABLE tenant (
    workspace_id integer     NOT NULL,
    tenant_no    integer     NOT NULL,  -- of this life: a tenant that is created again gets a new one
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    tenant_id    text        COLLATE "C" NOT NULL,
    tenant_name  text        NOT NULL,
    settings     json        NOT NULL,  -- logo, colours, links, time zone, blocked channels
    properties   json        NOT NULL,
    preferences  json        NOT NULL,  -- what it changes about the categories
    PRIMARY KEY (workspace_id, tenant_id)
);
CREATE INDEX tenant_by_number ON tenant (workspace_id, tenant_no);
CREATE INDEX tenant_by_creation ON tenant (workspace_id, created_at, tenant_id);

-- Lives of tenants that are over, whose profiles the sweeper deletes in small steps. Nobody sees them any more.
CREATE TABLE dead_tenant (
    workspace_id integer     NOT NULL,
    tenant_no    integer     NOT NULL,
    deleted_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, tenant_no)
);

-- The preference categories of a workspace. Few rows; on Citus these stay on the coordinator, like workspace.
CREATE TABLE category_document (
    workspace_id   integer     NOT NULL,
    version_no     integer     NOT NULL,  -- 0: the draft; else a version that was committed
    saved_at       timestamptz NOT NULL,
    commit_message text,
    hash           text        NOT NULL,  -- SHA-256 of the document
    document       json        NOT NULL,
    PRIMARY KEY (workspace_id, version_no)
);

-- Their names and descriptions in other languages.
CREATE TABLE category_translation (
    workspace_id integer     NOT NULL,
    locale       text        COLLATE "C" NOT NULL,
    updated_at   timestamptz NOT NULL,
    content      json        NOT NULL,
    PRIMARY KEY (workspace_id, locale)
);

-- Ids that lead to another recipient, because it was renamed, or merged in a workspace where that makes an alias.
-- Distributed by alias_id. The other end is former_id: both change in one transaction.
CREATE TABLE alias (
    workspace_id integer     NOT NULL,
    object_type  text        COLLATE "C" NOT NULL,
    alias_id     text        COLLATE "C" NOT NULL,
    recipient_id text        COLLATE "C" NOT NULL,  -- where it leads, never an alias itself
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, object_type, alias_id)
);

-- Recipients that were merged into others, with what it takes to undo that. Distributed by recipient_id. The other end is
-- former_id as well.
CREATE TABLE tombstone (
    workspace_id integer     NOT NULL,
    object_type  text        COLLATE "C" NOT NULL,
    recipient_id text        COLLATE "C" NOT NULL,
    merged_into  text        COLLATE "C" NOT NULL,
    merge_id     uuid        NOT NULL,  -- ULID: of the edit in the history of the other one
    merged_at    timestamptz NOT NULL,
    snapshot     json,                  -- null once it is too old to be undone
    PRIMARY KEY (workspace_id, object_type, recipient_id)
);

-- The aliases and tombstones of a recipient. Distributed by recipient_id.
CREATE TABLE former_id (
    workspace_id integer NOT NULL,
    object_type  text    COLLATE "C" NOT NULL,
    recipient_id text    COLLATE "C" NOT NULL,  -- where they lead, or into whom they were merged
    former_id    text    COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, object_type, recipient_id, former_id)
);

-- Users of the console. Few rows; on Citus these stay on the coordinator, like workspace.
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

-- One-time sign-in links that have not been used yet.
CREATE TABLE console_link (
    token_hash      bytea       PRIMARY KEY,  -- SHA-256; the token itself is never stored
    console_user_id integer     NOT NULL REFERENCES console_user ON DELETE CASCADE,
    expires_at      timestamptz NOT NULL
);

-- Sessions that were signed out before they expired.
CREATE TABLE console_ended_session (
    nonce      text        PRIMARY KEY,  -- of the session's token, which is not stored
    expires_at timestamptz NOT NULL
);

-- Attempts to sign in, counted per name and per address in a window of time.
CREATE TABLE console_attempt (
    subject      bytea       PRIMARY KEY,  -- hash of what was tried: a password typed as a name is not kept
    attempts     integer     NOT NULL,
    window_start timestamptz NOT NULL
);

-- The oldest code that works on this schema, by the newest pre step it knows (store/schema_version.py). One row, which
-- is not of any workspace. Pre steps leave it, post steps raise it.
CREATE TABLE schema_support (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    oldest_head text    COLLATE "C" NOT NULL
);
INSERT INTO schema_support (oldest_head) VALUES ('0009');
