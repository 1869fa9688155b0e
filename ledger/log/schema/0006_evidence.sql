-- The tree over each chain's records, and what was signed about it. Everything here follows from the
-- records and the log's key; the cosignatures come from others.

-- Only full tiles: what is not full yet is read from the leaf hashes, or from the roots of the tiles
-- below. The root of a tile is one hash of the tile above it.
CREATE TABLE tiles (
    chain text NOT NULL,
    level smallint NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL,
    root bytea NOT NULL,
    CONSTRAINT tiles_key PRIMARY KEY (chain, level, index),
    CONSTRAINT tiles_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT tiles_level_of_tree CHECK (level BETWEEN 0 AND 7),
    CONSTRAINT tiles_index_from_zero CHECK (index >= 0),
    CONSTRAINT tiles_full CHECK (octet_length(hashes) = 8192),
    CONSTRAINT tiles_root_size CHECK (octet_length(root) = 32)
)
WITH (fillfactor = 100);

-- Hashes do not compress: kept beside the table as they are, so that the roots stay close together
-- and a part of a tile is read without the rest.
ALTER TABLE tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Each checkpoint names the size of the one before it (0: none), and each has one successor. So of
-- two servers that sign at once one wins, and sizes only ever grow.
CREATE TABLE checkpoints (
    chain text NOT NULL,
    size bigint NOT NULL,
    previous bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT checkpoints_key PRIMARY KEY (chain, size),
    CONSTRAINT checkpoints_one_successor UNIQUE (chain, previous),
    CONSTRAINT checkpoints_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT checkpoints_grow CHECK (previous >= 0 AND size > previous),
    CONSTRAINT checkpoints_root_size CHECK (octet_length(root) = 32),
    CONSTRAINT checkpoints_note_size CHECK (octet_length(note) BETWEEN 1 AND 65536)
)
WITH (fillfactor = 100);

-- A witness may sign the same checkpoint again later; the newest of each of its keys is kept.
CREATE TABLE cosignatures (
    chain text NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    key_id text NOT NULL,
    line text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cosignatures_key PRIMARY KEY (chain, size, witness, key_id),
    CONSTRAINT cosignatures_of_a_checkpoint
        FOREIGN KEY (chain, size) REFERENCES checkpoints (chain, size),
    CONSTRAINT cosignatures_witness_named CHECK (octet_length(witness) BETWEEN 1 AND 1000),
    CONSTRAINT cosignatures_key_id_written CHECK (key_id ~ '^[0-9a-f]{8}$'),
    CONSTRAINT cosignatures_line_size CHECK (octet_length(line) BETWEEN 1 AND 16384)
);

CREATE TRIGGER tiles_never_change
    BEFORE UPDATE OR DELETE ON tiles
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER tiles_never_emptied
    BEFORE TRUNCATE ON tiles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER checkpoints_never_change
    BEFORE UPDATE OR DELETE ON checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER checkpoints_never_emptied
    BEFORE TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Also where session_replication_role turns ordinary triggers off.
ALTER TABLE tiles ENABLE ALWAYS TRIGGER tiles_never_change;
ALTER TABLE tiles ENABLE ALWAYS TRIGGER tiles_never_emptied;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_never_change;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_never_emptied;
