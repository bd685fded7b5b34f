-- Customers, and the users that belong to one.

INSERT INTO counters (name, value) VALUES ('customers', 0);

CREATE TABLE customers (
    id         BIGINT PRIMARY KEY,
    -- What a change has to name; each change makes a new one.
    hash       TEXT NOT NULL,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    -- `on`, `off`, `suspended` or `deleted`; only one that is on gets users.
    status     TEXT NOT NULL,
    -- The caller's own identifier.
    unique_id  TEXT UNIQUE,
    -- What else is said of it, as a JSON object: a new member needs no migration.
    details    TEXT NOT NULL,
    -- Whether it ever had a user: the first one administers it.
    has_users  BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE customer_users (
    user_id            BIGINT PRIMARY KEY REFERENCES users (id),
    customer_id        BIGINT NOT NULL REFERENCES customers (id),
    username           TEXT NOT NULL,
    -- NFKC, lower case: the form in which a username is unique.
    username_key       TEXT NOT NULL UNIQUE,
    can_customer_admin BOOLEAN NOT NULL,
    -- Random, so that nobody can work out what a change has to name.
    hash_seed          TEXT NOT NULL
);
CREATE INDEX customer_users_customer ON customer_users (customer_id, user_id);

-- Keyed requests that made a customer.
CREATE TABLE customer_keys (
    admin_id    BIGINT NOT NULL REFERENCES users (id),
    -- SHA-256 of the caller's key.
    key_hash    TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (admin_id, key_hash)
);
CREATE INDEX customer_keys_expires ON customer_keys (expires_at);
