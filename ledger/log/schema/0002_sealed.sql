-- What the record holds as a digest only: disclosures (salt, name, value), each encrypted for its
-- subject, and the subject's wrapped key. These rows may be erased; the record stays provable.

CREATE TABLE disclosures (
    chain text NOT NULL,
    digest text NOT NULL,
    subject text NOT NULL,
    ciphertext bytea NOT NULL,
    nonce bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT disclosures_key PRIMARY KEY (chain, digest),
    CONSTRAINT disclosures_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT disclosures_digest_size CHECK (octet_length(digest) BETWEEN 1 AND 100),
    CONSTRAINT disclosures_subject_named CHECK (octet_length(subject) BETWEEN 1 AND 200),
    CONSTRAINT disclosures_ciphertext_size CHECK (octet_length(ciphertext) BETWEEN 1 AND 1048576),
    CONSTRAINT disclosures_nonce_size CHECK (octet_length(nonce) BETWEEN 12 AND 32)
);

-- Erasing asks for everything of one subject.
CREATE INDEX disclosures_by_subject ON disclosures (chain, subject);

CREATE TABLE subject_keys (
    chain text NOT NULL,
    subject text NOT NULL,
    wrapped_key bytea NOT NULL,
    CONSTRAINT subject_keys_key PRIMARY KEY (chain, subject),
    CONSTRAINT subject_keys_chain_named CHECK (octet_length(chain) BETWEEN 1 AND 200),
    CONSTRAINT subject_keys_subject_named CHECK (octet_length(subject) BETWEEN 1 AND 200),
    CONSTRAINT subject_keys_size CHECK (octet_length(wrapped_key) BETWEEN 1 AND 4096)
);
