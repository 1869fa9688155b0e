-- What each check of a chain as it is stored found: which parts were checked, up to which position,
-- against whose copy, and the first of each kind of break. A later check adds a row of its own.

CREATE TABLE checks (
    chain text NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    outcome text NOT NULL,
    signatures boolean NOT NULL,
    rules boolean NOT NULL,
    models boolean NOT NULL,
    against text NOT NULL,
    night date,
    report text NOT NULL,
    CONSTRAINT checks_key PRIMARY KEY (chain, number),
    CONSTRAINT checks_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT checks_number_from_one CHECK (number >= 1),
    CONSTRAINT checks_size_from_zero CHECK (size >= 0),
    -- Empty where a record is missing, so that no root can be known.
    CONSTRAINT checks_root_size CHECK (octet_length(root) IN (0, 32)),
    CONSTRAINT checks_outcome_known CHECK (outcome IN ('whole', 'broken', 'unknown')),
    CONSTRAINT checks_against_size CHECK (octet_length(against) <= 2000),
    CONSTRAINT checks_report_size CHECK (octet_length(report) BETWEEN 1 AND 262144)
)
WITH (fillfactor = 100);

-- Of several servers one does the check of a night.
CREATE UNIQUE INDEX checks_one_a_night ON checks (chain, night) WHERE night IS NOT NULL;

-- The few that are asked for at every look at the health.
CREATE INDEX checks_broken ON checks (chain, number) WHERE outcome = 'broken';

CREATE TRIGGER checks_never_change
    BEFORE UPDATE OR DELETE ON checks
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER checks_never_emptied
    BEFORE TRUNCATE ON checks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Also where session_replication_role turns ordinary triggers off.
ALTER TABLE checks ENABLE ALWAYS TRIGGER checks_never_change;
ALTER TABLE checks ENABLE ALWAYS TRIGGER checks_never_emptied;
