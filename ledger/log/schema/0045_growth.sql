-- Which chains there are, and which of them are signed, without walking along their rows: an entry
-- for the first record, and the first checkpoint, of each chain. How far a chain has come is then
-- asked from where it was known to be.
CREATE INDEX records_first ON records (originator_id) WHERE originator_version = 1;

CREATE INDEX checkpoints_first ON checkpoints (chain) WHERE previous = 0;
