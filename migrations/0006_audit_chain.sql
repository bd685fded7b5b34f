-- The audit log as chains, and which key versions this database depends on.

-- The table audit is written by servers of the version before only; its rows are chained
-- into this one and removed from there. Rows are added and never changed; crates/accounts/src/audit.rs says what hash and mac cover.
CREATE TABLE audit_log (
    lane       BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    id         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    details    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    hash       TEXT NOT NULL,
    mac        TEXT NOT NULL,
    PRIMARY KEY (lane, seq)
);

-- Where each chain ends.
CREATE TABLE audit_heads (
    lane BIGINT PRIMARY KEY,
    seq  BIGINT NOT NULL,
    hash TEXT NOT NULL,
    mac  TEXT NOT NULL
);

-- Every version of every ring that something here was made with, or can have been.
CREATE TABLE key_versions (
    ring        TEXT NOT NULL,
    version     BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    retired_at  BIGINT,
    PRIMARY KEY (ring, version)
);
