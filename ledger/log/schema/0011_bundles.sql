-- The bundles that were handed out: to whom, of what, at which checkpoint. Whoever erases a value
-- later finds here who still holds it (`disclosed` are digests, as in the record).
CREATE TABLE bundles (
    chain text NOT NULL,
    bundle uuid NOT NULL DEFAULT gen_random_uuid(),
    taken_by text NOT NULL,
    door text NOT NULL,
    selection text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    bytes bigint NOT NULL,
    disclosed text[] NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bundles_key PRIMARY KEY (chain, bundle),
    CONSTRAINT bundles_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT bundles_taken_by_short CHECK (octet_length(taken_by) <= 200),
    CONSTRAINT bundles_door_known CHECK (door IN ('http', 'command')),
    CONSTRAINT bundles_selection_short CHECK (octet_length(selection) BETWEEN 1 AND 2000),
    CONSTRAINT bundles_digest_size CHECK (octet_length(sha256) = 32),
    CONSTRAINT bundles_not_empty CHECK (size > 0 AND bytes > 0)
);

CREATE INDEX bundles_in_time ON bundles (chain, at);
CREATE INDEX bundles_by_disclosed ON bundles USING gin (disclosed);
