-- Whether an address is its user's, asked by mail. One row per user: what was asked last.

CREATE TABLE confirmations (
    user_id      BIGINT PRIMARY KEY REFERENCES users (id),
    -- Of which address, in the form in which one is unique: what confirms this one
    -- confirms no other.
    email_key    TEXT NOT NULL,
    -- `waiting`, `sent`, `failed` or `confirmed`.
    state        TEXT NOT NULL,
    -- The job that sends the mail, until it is sent.
    job_id       TEXT,
    -- SHA-256 of the code in the mail that was sent last. Each try has a new code: only
    -- whoever got the mail knows one.
    code_hash    TEXT UNIQUE,
    expires_at   BIGINT,
    requested_at BIGINT NOT NULL,
    sent_at      BIGINT,
    -- Why no mail was sent, in the mail server's words.
    reason       TEXT
);
CREATE INDEX confirmations_job ON confirmations (job_id);
