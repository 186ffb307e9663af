-- Objects' subscriptions and subscriber lists. What the tables mean is written in schema.sql.

CREATE TABLE subscription (
    workspace_id    integer     NOT NULL,
    object_type     text        COLLATE "C" NOT NULL,
    object_id       text        COLLATE "C" NOT NULL,
    subscriber_type text        COLLATE "C" NOT NULL,
    subscriber_id   text        COLLATE "C" NOT NULL,
    subscription_id uuid        NOT NULL,
    properties      json        NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, object_type, object_id, subscriber_type, subscriber_id)
);
CREATE INDEX subscription_by_creation ON subscription ((workspace_id::bigint), object_type, object_id, subscription_id);

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

CREATE TABLE list_draft (
    workspace_id integer     NOT NULL,
    list_id      text        COLLATE "C" NOT NULL,
    version_id   uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, list_id, version_id)
);

CREATE TABLE list_member (
    workspace_id integer     NOT NULL,
    list_id      text        COLLATE "C" NOT NULL,
    version_id   uuid        NOT NULL,
    distinct_id  text        COLLATE "C" NOT NULL,
    member_id    uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, list_id, version_id, distinct_id)
);
CREATE INDEX list_member_by_creation ON list_member ((workspace_id::bigint), list_id, version_id, member_id);

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

CREATE TABLE dead_list_version (
    workspace_id integer NOT NULL,
    list_id      text    COLLATE "C" NOT NULL,
    version_id   uuid    NOT NULL,
    PRIMARY KEY (workspace_id, list_id, version_id)
);
