-- Replacing a credential's password used to end older tokens by comparing times, which a
-- clock that is set back turns round. Now it ends them itself; this ends those of before.

UPDATE tokens SET revoked_at = issued_at
WHERE revoked_at IS NULL
  AND EXISTS (SELECT 1 FROM credentials c
              WHERE c.id = tokens.credential_id AND c.rotated_at >= tokens.issued_at);
