-- With whose key a person's data key is wrapped: a partner of the chain (empty: this installation),
-- and which version of that key, so that a new version can take over and the old one be destroyed.
ALTER TABLE subject_keys ADD COLUMN owner text NOT NULL DEFAULT '';
ALTER TABLE subject_keys ADD COLUMN version text NOT NULL DEFAULT '';

ALTER TABLE subject_keys ADD CONSTRAINT subject_keys_owner_short CHECK (octet_length(owner) <= 200);
ALTER TABLE subject_keys
    ADD CONSTRAINT subject_keys_version_short CHECK (octet_length(version) <= 100);
