-- Orders, what becomes of them, and the projects that come of them.

CREATE TABLE orders (
    -- A UUID, as the documented contract has them.
    id            TEXT PRIMARY KEY,
    user_id       BIGINT NOT NULL REFERENCES users (id),
    -- `open`, `pending`, `processing`, `completed`, `failed` or `cancelled`.
    state         TEXT NOT NULL,
    -- How often the state was written. A write says which one it follows.
    revision      BIGINT NOT NULL,
    -- Why it failed: a code and a sentence.
    failure_code  TEXT,
    failure       TEXT,
    project_name  TEXT NOT NULL,
    location_id   BIGINT NOT NULL,
    location_name TEXT NOT NULL,
    -- What was ordered, as JSON, as the catalogue had it then. No secrets.
    document      TEXT NOT NULL,
    -- The secrets, sealed; null without any, and when nobody needs them any more.
    sealed        TEXT,
    -- How many containers it has.
    containers    BIGINT NOT NULL,
    -- One more with each retry.
    run           BIGINT NOT NULL,
    job_id        TEXT,
    -- From when work on it began. Kept over retries: its traces may bear the number.
    project_id    BIGINT,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX orders_user ON orders (user_id, created_at);
CREATE INDEX orders_sealed ON orders (updated_at) WHERE sealed IS NOT NULL;

-- Every state that an order was in, for those who watch it.
CREATE TABLE order_changes (
    order_id     TEXT NOT NULL REFERENCES orders (id),
    revision     BIGINT NOT NULL,
    state        TEXT NOT NULL,
    failure_code TEXT,
    failure      TEXT,
    -- What whoever brings the project up said on the way.
    note         TEXT,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (order_id, revision)
);

CREATE TABLE projects (
    id          BIGINT PRIMARY KEY,
    user_id     BIGINT NOT NULL REFERENCES users (id),
    order_id    TEXT NOT NULL UNIQUE REFERENCES orders (id),
    name        TEXT NOT NULL,
    location_id BIGINT NOT NULL,
    -- Where it is, if whoever made it said so.
    link        TEXT,
    created_at  BIGINT NOT NULL
);
CREATE INDEX projects_user ON projects (user_id);
INSERT INTO counters (name, value) VALUES ('projects', 0);

-- Host names that lead to a project: to one at a time.
CREATE TABLE order_domains (
    domain   TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id)
);
CREATE INDEX order_domains_order ON order_domains (order_id);

-- Which requests have made an order: by their key, or for a moment by what they say.
CREATE TABLE order_keys (
    user_id     BIGINT NOT NULL REFERENCES users (id),
    -- `key:` and SHA-256 of the caller's key, or `body:` and the fingerprint.
    key_hash    TEXT NOT NULL,
    -- Of the request, keyed: a plain hash of a password in it could be guessed at.
    fingerprint TEXT NOT NULL,
    order_id    TEXT NOT NULL REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, key_hash)
);
CREATE INDEX order_keys_expires ON order_keys (expires_at);
