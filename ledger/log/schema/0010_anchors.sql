-- Time stamps of an outside authority (RFC 3161) over the checkpoints of the logs. A token says that
-- the checkpoint, with the signatures of the log under it, existed at that moment.

-- Several authorities may stamp one checkpoint: `number` tells them apart, from 1 on, in the order in
-- which they were stored. `stamped` is what the token says; `at` is our own clock.
CREATE TABLE anchors (
    chain text NOT NULL,
    size bigint NOT NULL,
    number smallint NOT NULL,
    authority text NOT NULL,
    stamped timestamptz NOT NULL,
    token bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT anchors_key PRIMARY KEY (chain, size, number),
    CONSTRAINT anchors_once_per_authority UNIQUE (chain, size, authority),
    CONSTRAINT anchors_of_a_checkpoint
        FOREIGN KEY (chain, size) REFERENCES checkpoints (chain, size),
    CONSTRAINT anchors_number_from_one CHECK (number >= 1),
    CONSTRAINT anchors_authority_named CHECK (octet_length(authority) BETWEEN 1 AND 1000),
    CONSTRAINT anchors_token_size CHECK (octet_length(token) BETWEEN 1 AND 65536)
)
WITH (fillfactor = 100);

CREATE TRIGGER anchors_never_change
    BEFORE UPDATE OR DELETE ON anchors
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER anchors_never_emptied
    BEFORE TRUNCATE ON anchors
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE anchors ENABLE ALWAYS TRIGGER anchors_never_change;
ALTER TABLE anchors ENABLE ALWAYS TRIGGER anchors_never_emptied;

-- Who is asking the authority for a chain now, and how that went: nobody else asks before
-- `not_before`. A row that is gone costs one question too many, and nothing else.
CREATE TABLE anchor_attempts (
    chain text NOT NULL,
    not_before timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    kind text NOT NULL DEFAULT '',
    since timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT anchor_attempts_key PRIMARY KEY (chain),
    CONSTRAINT anchor_attempts_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT anchor_attempts_failures_counted CHECK (failures >= 0),
    CONSTRAINT anchor_attempts_kind_size CHECK (octet_length(kind) <= 100)
);
