-- The record: one row per event, the stored bytes being the hashed bytes.
--
-- The column names are those of the eventsourcing library's recorder: originator_id is the chain,
-- originator_version the position + 1. The primary key is the lock against forks: of two writers
-- that want one position, one wins. The database itself computes the leaf hash.

CREATE TABLE records (
    originator_id text NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    leaf_hash bytea NOT NULL GENERATED ALWAYS AS (sha256('\x00'::bytea || state)) STORED,
    CONSTRAINT records_key PRIMARY KEY (originator_id, originator_version),
    CONSTRAINT records_chain_named CHECK (octet_length(originator_id) BETWEEN 1 AND 200),
    CONSTRAINT records_position_from_zero CHECK (originator_version >= 1),
    CONSTRAINT records_topic_named CHECK (octet_length(topic) BETWEEN 1 AND 200),
    -- 65535 is what the two length bytes of an entry in a tile can say.
    CONSTRAINT records_state_size CHECK (octet_length(state) BETWEEN 1 AND 65535)
)
-- Rows never change, so there is nothing to leave room for or to vacuum away; analysing often keeps
-- the plans right while the table grows.
WITH (
    fillfactor = 100,
    autovacuum_enabled = true,
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'Wat is vastgelegd verandert niet: % op % is geweigerd.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER records_never_change
    BEFORE UPDATE OR DELETE ON records
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER records_never_emptied
    BEFORE TRUNCATE ON records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Also where session_replication_role turns ordinary triggers off.
ALTER TABLE records ENABLE ALWAYS TRIGGER records_never_change;
ALTER TABLE records ENABLE ALWAYS TRIGGER records_never_emptied;
