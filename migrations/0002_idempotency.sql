-- Answers to keyed requests, so that a retry gets the first answer again.

-- Whether a credential has reached its owner: it was used.
ALTER TABLE credentials ADD COLUMN last_used_at BIGINT;

CREATE TABLE idempotency (
    client_id     TEXT NOT NULL REFERENCES clients (id),
    -- SHA-256 of the caller's key.
    key_hash      TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    user_id       BIGINT NOT NULL REFERENCES users (id),
    credential_id TEXT NOT NULL REFERENCES credentials (id),
    -- The password, sealed under the server's key and the caller's own; wiped
    -- when it is old or the credential was used.
    sealed        TEXT,
    sealed_until  BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (client_id, key_hash)
);
CREATE INDEX idempotency_credential ON idempotency (credential_id);
CREATE INDEX idempotency_expires ON idempotency (expires_at);
