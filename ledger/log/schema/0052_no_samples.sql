-- The planner keeps samples of what a column holds. Of these columns it would keep what an erasure has
-- to destroy: from a ciphertext and a wrapped key among its samples an erased value could be read again.
-- They are looked up whole or by an index, so nothing is planned worse without. To give a column its
-- own type again takes away the samples that were kept, and nothing else.
ALTER TABLE disclosures ALTER COLUMN ciphertext TYPE bytea, ALTER COLUMN nonce TYPE bytea;
ALTER TABLE disclosures ALTER COLUMN ciphertext SET STATISTICS 0, ALTER COLUMN nonce SET STATISTICS 0;
ALTER TABLE subject_keys ALTER COLUMN wrapped_key TYPE bytea;
ALTER TABLE subject_keys ALTER COLUMN wrapped_key SET STATISTICS 0;
ALTER TABLE subject_links ALTER COLUMN subject_key TYPE bytea;
ALTER TABLE subject_links ALTER COLUMN subject_key SET STATISTICS 0;
