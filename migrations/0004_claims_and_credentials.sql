-- Credentials that a back end claims, and that their owners manage.

-- The number that the API shows: a million for each user, the first is of the sign-up.
ALTER TABLE credentials ADD COLUMN number BIGINT;
UPDATE credentials SET number = user_id * 1000000 + 1;
CREATE UNIQUE INDEX credentials_number ON credentials (user_id, number);
DROP INDEX credentials_user;
-- From when it is no longer valid, if it was given an end.
ALTER TABLE credentials ADD COLUMN expires_at BIGINT;
-- When its password was last replaced; tokens from before end with the old one.
ALTER TABLE credentials ADD COLUMN rotated_at BIGINT;

-- Codes that stand for passwords which do not exist yet: a password is made when
-- its code is claimed, so that none waits here or passes through a page.
CREATE TABLE claims (
    code_hash     TEXT PRIMARY KEY,
    client_id     TEXT NOT NULL REFERENCES clients (id),
    credential_id TEXT NOT NULL REFERENCES credentials (id),
    -- What the claimer's verifier hashes to (RFC 7636 §4.2, S256).
    challenge     TEXT NOT NULL,
    -- Wrong verifiers that the code survives.
    tries_left    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    -- The first answer, and the last one: an answer that was lost is given again.
    claimed_at    BIGINT,
    answered_at   BIGINT
);
CREATE INDEX claims_expires ON claims (expires_at);
