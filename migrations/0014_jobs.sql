-- What is still to be done, and what could not be done. A job is added in the
-- transaction that makes it necessary, and removed in the one that writes its result.

CREATE TABLE jobs (
    id         TEXT PRIMARY KEY,
    -- What is to be done, and with what: a JSON object without secrets.
    kind       TEXT NOT NULL,
    payload    TEXT NOT NULL,
    -- About whom, so that erasing a user finds it.
    user_id    BIGINT REFERENCES users (id),
    -- From when anybody may take it. A lease is a due time in the future.
    due_at     BIGINT NOT NULL,
    -- How often it was taken. Whoever took it may write only while this stands where
    -- it stood then.
    fence      BIGINT NOT NULL,
    -- How often it was tried since it was added or put off.
    attempts   BIGINT NOT NULL,
    -- Who has it or had it last, for people who look.
    owner      TEXT,
    -- Why the last try failed.
    reason     TEXT,
    created_at BIGINT NOT NULL,
    -- Since when it is given up.
    died_at    BIGINT
);
CREATE INDEX jobs_due ON jobs (kind, due_at) WHERE died_at IS NULL;
CREATE INDEX jobs_user ON jobs (user_id);
