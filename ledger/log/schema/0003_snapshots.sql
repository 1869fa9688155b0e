-- Snapshots of a chain's state: a cache. Deleting any row changes nothing but the time to start.
-- The format names the shape of the state, so that newer code never reads an older shape.

CREATE TABLE snapshots (
    chain text NOT NULL,
    position bigint NOT NULL,
    format text NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT snapshots_key PRIMARY KEY (chain, format, position),
    CONSTRAINT snapshots_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT snapshots_format_named CHECK (octet_length(format) BETWEEN 1 AND 200),
    CONSTRAINT snapshots_position_from_zero CHECK (position >= 0)
);
