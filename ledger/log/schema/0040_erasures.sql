-- What was erased: per digest the ground, who decided it, and the position of the record of it (none
-- where a restored backup does not have that record). A digest that stands here is never stored
-- again. The rows say what readers are told instead of a value; they hold nothing personal.
CREATE TABLE erasures (
    chain text NOT NULL,
    digest text NOT NULL,
    subject text NOT NULL,
    ground text NOT NULL,
    organisation text NOT NULL,
    position bigint,
    erased_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT erasures_key PRIMARY KEY (chain, digest),
    CONSTRAINT erasures_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT erasures_digest_size CHECK (octet_length(digest) BETWEEN 1 AND 100),
    CONSTRAINT erasures_subject_named CHECK (octet_length(subject) BETWEEN 1 AND 200),
    CONSTRAINT erasures_ground_named CHECK (octet_length(ground) BETWEEN 1 AND 200),
    CONSTRAINT erasures_organisation_named CHECK (octet_length(organisation) BETWEEN 1 AND 200),
    CONSTRAINT erasures_position_from_zero CHECK (position >= 0)
);

CREATE INDEX erasures_by_subject ON erasures (chain, subject);
CREATE INDEX erasures_by_position ON erasures (chain, position);

-- Finds the few records that ask to erase something among all others, at every start.
CREATE INDEX records_that_erase ON records (originator_id, originator_version)
    WHERE topic LIKE 'PersonalDataErased.%';
