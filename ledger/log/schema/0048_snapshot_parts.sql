-- A large state is kept in parts, so that neither writing nor reading it needs all of it at once.

ALTER TABLE snapshots
    ADD COLUMN part integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT snapshots_part_from_zero CHECK (part >= 0),
    DROP CONSTRAINT snapshots_key,
    ADD CONSTRAINT snapshots_key PRIMARY KEY (chain, format, position, part);
