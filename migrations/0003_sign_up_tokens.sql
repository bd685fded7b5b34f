-- Sign-up tokens: access tokens bound to one person, for one use.

-- What the token is bound to, as a JSON object; null for other tokens.
ALTER TABLE tokens ADD COLUMN binding TEXT;
ALTER TABLE tokens ADD COLUMN uses_left BIGINT;
-- Rejected requests that the token survives.
ALTER TABLE tokens ADD COLUMN attempts_left BIGINT;

-- The token that a keyed request came with: its own answer may be asked for
-- again after the token has expired.
ALTER TABLE idempotency ADD COLUMN token_hash TEXT;
