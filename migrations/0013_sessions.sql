-- Sessions of users who log in with their password, and the numbers of their accounts.

CREATE TABLE sessions (
    -- SHA-256 of the token.
    hash       TEXT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- When a user logged in last.
CREATE TABLE logins (
    user_id BIGINT PRIMARY KEY REFERENCES users (id),
    last_at BIGINT NOT NULL
);

-- What the accounts of administrators' users are called, as in API-E001. A counter of
-- their own, for they are read by people.
CREATE TABLE account_numbers (
    user_id BIGINT PRIMARY KEY REFERENCES users (id),
    number  TEXT NOT NULL UNIQUE
);
INSERT INTO counters (name, value) VALUES ('account_numbers', 0);
