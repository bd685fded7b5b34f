-- What a sign-up writes, and what it checks against. One text for SQLite and PostgreSQL.

-- Numbers handed out in blocks: small integers, as the documented contract has them.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('users', 0);

-- Facts about this installation, such as the fingerprint of its key file.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE clients (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    secret      TEXT NOT NULL,
    scopes      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT
);

-- A server belongs to one client at the most: nobody registers another's users.
CREATE TABLE client_servers (
    server_key TEXT PRIMARY KEY,
    client_id  TEXT NOT NULL REFERENCES clients (id)
);
CREATE INDEX client_servers_client ON client_servers (client_id);

CREATE TABLE client_origins (
    client_id TEXT NOT NULL REFERENCES clients (id),
    origin    TEXT NOT NULL,
    PRIMARY KEY (client_id, origin)
);
CREATE INDEX client_origins_origin ON client_origins (origin);

CREATE TABLE users (
    id              BIGINT PRIMARY KEY,
    email           TEXT NOT NULL,
    -- NFC, lower case: the form in which an address is unique.
    email_key       TEXT NOT NULL UNIQUE,
    email_generated BOOLEAN NOT NULL,
    -- The other answers, as a JSON object: a new field needs no migration.
    profile         TEXT NOT NULL,
    labels          TEXT NOT NULL,
    password        TEXT,
    active          BOOLEAN NOT NULL,
    is_admin        BOOLEAN NOT NULL,
    -- The client that registered the user; null for users that the operator made.
    client_id       TEXT REFERENCES clients (id),
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

-- Who a user is at a provider. This key is what makes a second account impossible.
CREATE TABLE identities (
    provider     TEXT NOT NULL,
    server_key   TEXT NOT NULL,
    username_key TEXT NOT NULL,
    server       TEXT NOT NULL,
    username     TEXT NOT NULL,
    -- Checked at commit: the identity is taken first, for it decides whether
    -- there is anything else to write.
    user_id      BIGINT NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (provider, server_key, username_key)
);
CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE credentials (
    id         TEXT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    name       TEXT NOT NULL,
    username   TEXT NOT NULL UNIQUE,
    secret     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX credentials_user ON credentials (user_id);

CREATE TABLE tokens (
    hash          TEXT PRIMARY KEY,
    client_id     TEXT REFERENCES clients (id),
    credential_id TEXT REFERENCES credentials (id),
    scopes        TEXT NOT NULL,
    issued_at     BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    revoked_at    BIGINT,
    CHECK ((client_id IS NULL) <> (credential_id IS NULL))
);
CREATE INDEX tokens_expires ON tokens (expires_at);

-- What the world will be told, written with what happened.
CREATE TABLE events (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    payload    TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE audit (
    id         TEXT PRIMARY KEY,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    details    TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
