-- What has been used of each limit, so that replicas agree and a restart forgives nothing.

-- One row per key that is not at rest. `tat` is the theoretical arrival time (ITU-T I.371) in MICROseconds since the
-- Unix epoch, unlike other times: a scaled limit counts faster than once a millisecond. A row whose `tat` has passed
-- says nothing and may be deleted. There is no index on `tat`: it would be written with every charge.
CREATE TABLE buckets (
    -- HMAC of the limit's name and the key's parts: neither addresses nor names.
    key TEXT PRIMARY KEY,
    tat BIGINT NOT NULL
);
