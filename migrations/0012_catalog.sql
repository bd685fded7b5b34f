-- What the operator offers. Each import is a version of its own; the newest is in force.

CREATE TABLE catalog (
    version     BIGINT PRIMARY KEY,
    -- The document as it was imported, in TOML.
    document    TEXT NOT NULL,
    imported_at BIGINT NOT NULL
);
