-- How clients authenticate: two secrets while one replaces the other, or keys; and what may be used once.

-- `clients.secret` is no longer read; it goes in a later release.
CREATE TABLE client_secrets (
    client_id  TEXT NOT NULL REFERENCES clients (id),
    secret     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Null until the secret is rotated.
    expires_at BIGINT,
    PRIMARY KEY (client_id, secret)
);
INSERT INTO client_secrets (client_id, secret, created_at) SELECT id, secret, created_at FROM clients;

-- Public keys, as a JWK Set; null without any.
ALTER TABLE clients ADD COLUMN jwks TEXT;

-- The thumbprint of the key whose holder alone may use the token; null for bearer tokens.
ALTER TABLE tokens ADD COLUMN jkt TEXT;

-- Digests of the assertions and proofs that were used, until they would be too old anyway.
CREATE TABLE used_once (
    digest     TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_once_expires ON used_once (expires_at);
