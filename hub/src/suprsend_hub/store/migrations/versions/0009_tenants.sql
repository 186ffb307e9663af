-- Profiles for tenants, and the order of application in the history. The largest tables are rewritten once, which leaves no
-- gaps between their columns. Renaming the old tables would save a copy, but PostgreSQL 18 names NOT NULL constraints, and
-- the old ones would keep the names that the new tables need. Hubs must be stopped.
ALTER TABLE workspace ADD COLUMN last_tenant_no integer NOT NULL DEFAULT 0;
ALTER TABLE workspace ADD COLUMN after_merge text NOT NULL DEFAULT 'recreate';
ALTER TABLE workspace ADD COLUMN tenancy json NOT NULL DEFAULT '{}';
ALTER TABLE workspace ADD COLUMN category_version integer NOT NULL DEFAULT 0;
ALTER TABLE workspace ADD COLUMN translation_version integer NOT NULL DEFAULT 0;
ALTER TABLE workspace ADD COLUMN active_channels text[];
ALTER TABLE workspace ADD COLUMN secret_key_id text COLLATE "C";
CREATE INDEX workspace_by_secret_key ON workspace (secret_key_id, workspace_id);

CREATE TEMP TABLE old_profile ON COMMIT DROP AS SELECT * FROM profile;
DROP TABLE profile;
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
INSERT INTO profile (workspace_id, tenant_no, version, profile_id, created_at, updated_at, linked, object_type, recipient_id,
                     properties, channels, addresses)
SELECT workspace_id, 0, version, profile_id, created_at, updated_at, true, object_type, recipient_id, properties, channels,
       addresses
FROM old_profile;
ALTER TABLE profile ADD PRIMARY KEY (workspace_id, object_type, recipient_id, tenant_no);
CREATE INDEX profile_by_creation ON profile ((workspace_id::bigint), (tenant_no::bigint), linked, object_type, profile_id);
CREATE INDEX profile_with_choices ON profile ((workspace_id::bigint)) WHERE preferences IS NOT NULL;  -- to count choices
CREATE INDEX profile_by_address ON profile USING gin (addresses);  -- measured cheaper than a table of addresses

CREATE TEMP TABLE old_history ON COMMIT DROP AS SELECT * FROM history;
DROP TABLE history;
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
    before       json                -- stored values that the edit replaced; null when it replaced none
);
INSERT INTO history (workspace_id, tenant_no, version, insert_key, edit_id, position, object_type, recipient_id, source, actor,
                     operations, before)
SELECT workspace_id, 0, 0, insert_key, edit_id, 0, object_type, recipient_id, source, actor, operations, before
FROM old_history;
ALTER TABLE history ADD PRIMARY KEY (workspace_id, object_type, recipient_id, tenant_no, insert_key);
CREATE INDEX history_by_time ON history USING brin (edit_id);  -- for the clean-up by age; rows arrive in this order

CREATE TEMP TABLE old_counter ON COMMIT DROP AS SELECT * FROM counter;
DROP TABLE counter;
CREATE TABLE counter (
    workspace_id integer  NOT NULL,
    slot         smallint NOT NULL,
    value        bigint   NOT NULL,
    name         text     COLLATE "C" NOT NULL,
    place        text     COLLATE "C" NOT NULL,  -- id of the object or list whose records it counts; '' for a workspace
    aliases_made bigint   NOT NULL DEFAULT 0     -- on a workspace's counter of users: how often an id became an alias
) WITH (fillfactor = 50);
INSERT INTO counter (workspace_id, slot, value, name, place)
SELECT workspace_id, slot, value, name,
       CASE WHEN name LIKE 'members:%' THEN split_part(name, ':', 2)
            WHEN name LIKE 'subscribers:%'
            THEN substr(name, 15 + length(split_part(name, ':', 2)) + split_part(name, ':', 2)::integer)
            ELSE '' END
FROM old_counter;
ALTER TABLE counter ADD PRIMARY KEY (workspace_id, name, place, slot);

ALTER TABLE idempotency_key ADD COLUMN tenant_no integer NOT NULL DEFAULT 0;

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

-- The tenant that every workspace has. A workspace that is created later gets it at once.
UPDATE workspace SET last_tenant_no = 1;
INSERT INTO tenant (workspace_id, tenant_no, created_at, updated_at, tenant_id, tenant_name, settings, properties, preferences)
SELECT workspace_id, 1, created_at, created_at, 'default', 'Default', '{}', '{}', '{}' FROM workspace;

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
