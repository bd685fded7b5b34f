-- Endpoints of others that are told what happens, and what they are still to be told.

CREATE TABLE webhook_endpoints (
    id              TEXT PRIMARY KEY,
    url             TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    disabled_at     BIGINT,
    -- Why it was disabled, if nobody of ours did it.
    disabled_reason TEXT,
    -- Which process sends to it, and until when: one at a time.
    owner           TEXT,
    leased_until    BIGINT NOT NULL,
    -- How often it was taken. Whoever has it may write only while this stands where it
    -- stood then.
    fence           BIGINT NOT NULL
);

CREATE TABLE webhook_topics (
    -- `*`, `user.*` or `user.created`.
    topic       TEXT NOT NULL,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
    PRIMARY KEY (topic, endpoint_id)
);
CREATE INDEX webhook_topics_endpoint ON webhook_topics (endpoint_id);

-- A row is written with its event, for each endpoint that is to be told, and removed when
-- it was told: what is here is still to be sent, or was given up. A transaction that
-- commits late brings its row along, so none is passed over.
CREATE TABLE webhook_deliveries (
    event_id    TEXT NOT NULL REFERENCES events (id),
    -- Refers to an endpoint without saying so: PostgreSQL would lock the endpoint's row in
    -- every sign-up. What is left of one that was removed is swept.
    endpoint_id TEXT NOT NULL,
    user_id     BIGINT NOT NULL REFERENCES users (id),
    -- In which order those of one user go to one endpoint.
    position    BIGINT NOT NULL,
    -- From when it may be sent.
    due_at      BIGINT NOT NULL,
    -- How often it was sent in vain, and what came of it last.
    attempts    BIGINT NOT NULL,
    reason      TEXT,
    -- Since when it is given up.
    died_at     BIGINT,
    PRIMARY KEY (event_id, endpoint_id)
);
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (endpoint_id, user_id, position)
    WHERE died_at IS NULL;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE died_at IS NULL;
