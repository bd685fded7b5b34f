-- What administrators keep of users beside what a sign-up writes.

-- The operator's own name for the user in another system; null without one.
ALTER TABLE users ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX users_external_id ON users (external_id);
-- When the address was taken to be the user's; null while nobody has confirmed it.
ALTER TABLE users ADD COLUMN confirmed_at BIGINT;
-- When the user's personal data was erased. The row stays, for the identity stays taken.
ALTER TABLE users ADD COLUMN erased_at BIGINT;

-- Reserved labels by which users are looked up, as in `whmcs/service_id`.
CREATE TABLE user_label_index (
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    PRIMARY KEY (name, value, user_id)
);
CREATE INDEX user_label_index_user ON user_label_index (user_id);

-- Keyed requests of administrators. Nothing is sealed here: no secret is in their answers.
CREATE TABLE admin_idempotency (
    admin_id    BIGINT NOT NULL REFERENCES users (id),
    -- SHA-256 of the caller's key.
    key_hash    TEXT NOT NULL,
    -- Of the request without its password: a fast hash of one could be guessed at.
    fingerprint TEXT NOT NULL,
    -- Argon2id of the request's password.
    password    TEXT,
    user_id     BIGINT NOT NULL REFERENCES users (id),
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (admin_id, key_hash)
);
CREATE INDEX admin_idempotency_user ON admin_idempotency (user_id);
CREATE INDEX admin_idempotency_expires ON admin_idempotency (expires_at);

-- The row that is locked while an administrator may be lost, so that of two who
-- suspend one another one is left.
INSERT INTO counters (name, value) VALUES ('administrators', 0);
