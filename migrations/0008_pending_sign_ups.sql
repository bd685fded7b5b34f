-- Pages without a back end: public clients, their puzzles, and sign-ups that wait for a yes.

-- A client with a row here is publishable: it has no secret, and registers for one server,
-- which may be another client's as well, for that one decides.
CREATE TABLE publishable_clients (
    client_id  TEXT PRIMARY KEY REFERENCES clients (id),
    server_key TEXT NOT NULL
);

-- Puzzles whose solution was taken, until they expire: each is good once.
CREATE TABLE spent_puzzles (
    challenge  TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_puzzles_expires ON spent_puzzles (expires_at);

-- Sign-ups that nobody vouches for. They reserve no name: several may wait for the same one.
CREATE TABLE pending_sign_ups (
    id           TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL REFERENCES clients (id),
    provider     TEXT NOT NULL,
    server_key   TEXT NOT NULL,
    username_key TEXT NOT NULL,
    server       TEXT NOT NULL,
    username     TEXT NOT NULL,
    -- Answers and labels as JSON objects; emptied when it is decided.
    answers      TEXT NOT NULL,
    labels       TEXT NOT NULL,
    -- The request, so that a retry gets the same answer.
    key_hash     TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    -- `confirmed` or `rejected`; null while it waits.
    decision     TEXT,
    decided_at   BIGINT,
    UNIQUE (client_id, key_hash)
);
CREATE INDEX pending_sign_ups_server ON pending_sign_ups (server_key, id);
CREATE INDEX pending_sign_ups_expires ON pending_sign_ups (expires_at);

-- Where registration is switched off: `client:<id>` or `server:<canonical name>`.
CREATE TABLE registration_stops (
    subject    TEXT PRIMARY KEY,
    stopped_at BIGINT NOT NULL
);
