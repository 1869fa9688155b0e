-- Where the digest of a disclosure stands in the record, once that is known. A disclosure is stored
-- before its record, so one without a position either has no record (an orphan, to be swept) or
-- belongs to an act whose process ended right after the commit: then the record itself tells.

ALTER TABLE disclosures ADD COLUMN position bigint;

ALTER TABLE disclosures ADD CONSTRAINT disclosures_position_from_zero CHECK (position >= 0);

CREATE INDEX disclosures_without_position ON disclosures (chain, stored_at) WHERE position IS NULL;
