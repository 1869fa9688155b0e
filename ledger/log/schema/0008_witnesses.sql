-- What each witness of a chain was sent and how it answered. The cosignatures themselves stand in
-- their own table.

-- One row per chain and key of a witness, which is what is still to be sent: nothing is to be done
-- where `cosigned` is the size of the last checkpoint. `size` is how much of the log the witness
-- knows, as it said last. Whoever sends takes the row by moving `next_at` ahead.
CREATE TABLE feeds (
    chain text NOT NULL,
    witness text NOT NULL,
    key_id text NOT NULL,
    size bigint NOT NULL DEFAULT 0,
    cosigned bigint NOT NULL DEFAULT 0,
    standing text NOT NULL DEFAULT 'unknown',
    problem text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    heard_at timestamptz,
    CONSTRAINT feeds_key PRIMARY KEY (chain, witness, key_id),
    CONSTRAINT feeds_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT feeds_witness_named CHECK (octet_length(witness) BETWEEN 1 AND 1000),
    CONSTRAINT feeds_key_id_written CHECK (key_id ~ '^[0-9a-f]{8}$'),
    CONSTRAINT feeds_sizes_from_zero CHECK (size >= 0 AND cosigned >= 0),
    CONSTRAINT feeds_standing_known CHECK (standing IN ('unknown', 'sound', 'ahead', 'different')),
    CONSTRAINT feeds_problem_size CHECK (octet_length(problem) <= 2000),
    CONSTRAINT feeds_tries_from_zero CHECK (tries >= 0)
);

-- The checkpoint of each chain that its witnesses are sent now. They all get the same one, since a
-- quorum is met by cosignatures of one checkpoint.
CREATE TABLE feed_targets (
    chain text NOT NULL,
    size bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT feed_targets_key PRIMARY KEY (chain),
    CONSTRAINT feed_targets_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT feed_targets_size_from_one CHECK (size >= 1)
);

-- For the first checkpoint by which a witness covers a position.
CREATE INDEX cosignatures_of_a_witness ON cosignatures (chain, witness, key_id, size);

-- What a witness answered that the log must not be signed after: it knows more of the log than we
-- do, or another log. Kept as it was sent and answered; nobody changes it.
CREATE TABLE witness_refusals (
    chain text NOT NULL,
    witness text NOT NULL,
    key_id text NOT NULL,
    kind text NOT NULL,
    size bigint NOT NULL,
    status integer NOT NULL,
    sent bytea NOT NULL,
    answer bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT witness_refusals_key PRIMARY KEY (chain, witness, key_id, kind, size),
    CONSTRAINT witness_refusals_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT witness_refusals_witness_named CHECK (octet_length(witness) BETWEEN 1 AND 1000),
    CONSTRAINT witness_refusals_key_id_written CHECK (key_id ~ '^[0-9a-f]{8}$'),
    CONSTRAINT witness_refusals_kind_known CHECK (kind IN ('ahead', 'different')),
    CONSTRAINT witness_refusals_size_from_zero CHECK (size >= 0),
    CONSTRAINT witness_refusals_sent_size CHECK (octet_length(sent) <= 131072),
    CONSTRAINT witness_refusals_answer_size CHECK (octet_length(answer) <= 131072)
);

CREATE TRIGGER witness_refusals_never_change
    BEFORE UPDATE OR DELETE ON witness_refusals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER witness_refusals_never_emptied
    BEFORE TRUNCATE ON witness_refusals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE witness_refusals ENABLE ALWAYS TRIGGER witness_refusals_never_change;
ALTER TABLE witness_refusals ENABLE ALWAYS TRIGGER witness_refusals_never_emptied;
