-- Who read what is confidential, or read on an access that was given: a row per answer, per chain.
--
-- Kept apart from the record itself, and linked: `hash` is over the hash of the row before and the
-- exact bytes of the entry, so a row that was changed, taken out or put between shows. The other
-- columns say again what the entry says, to find it by. An entry names people by pseudonym only.

CREATE TABLE reads (
    chain text NOT NULL,
    number bigint NOT NULL,
    entry bytea NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL GENERATED ALWAYS AS (sha256(previous || entry)) STORED,
    reader text NOT NULL,
    basis text NOT NULL,
    subjects text[] NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT reads_key PRIMARY KEY (chain, number),
    CONSTRAINT reads_no_fork UNIQUE (chain, previous),
    CONSTRAINT reads_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT reads_number_from_zero CHECK (number >= 0),
    CONSTRAINT reads_previous_size CHECK (octet_length(previous) = 32),
    CONSTRAINT reads_entry_size CHECK (octet_length(entry) BETWEEN 2 AND 65535),
    CONSTRAINT reads_reader_short CHECK (octet_length(reader) <= 200),
    CONSTRAINT reads_basis_short CHECK (octet_length(basis) <= 200)
)
WITH (fillfactor = 100);

CREATE INDEX reads_by_reader ON reads (chain, reader, number);
CREATE INDEX reads_by_basis ON reads (chain, basis, at) WHERE basis <> '';
CREATE INDEX reads_by_subject ON reads USING gin (subjects);

CREATE TRIGGER reads_never_change
    BEFORE UPDATE OR DELETE ON reads
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER reads_never_emptied
    BEFORE TRUNCATE ON reads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE reads ENABLE ALWAYS TRIGGER reads_never_change;
ALTER TABLE reads ENABLE ALWAYS TRIGGER reads_never_emptied;
