-- Objects that were deleted while they had subscribers, whose subscriptions the sweeper ends in small steps. Those up to
-- last_subscription_id belong to an earlier life of the object and are shown to nobody.
CREATE TABLE dead_object (
    workspace_id         integer NOT NULL,
    object_type          text    COLLATE "C" NOT NULL,
    object_id            text    COLLATE "C" NOT NULL,
    last_subscription_id uuid    NOT NULL,
    PRIMARY KEY (workspace_id, object_type, object_id)
);
