-- Which sealed sign-in a subject of an issuer of tokens belongs to. The key is an HMAC over both, by a
-- key outside the database: it finds who signs in, and tells nobody who that is. A row goes with the
-- disclosure it was made from, so that erasing the value takes this along, and is made anew from it
-- where it is missing.
CREATE TABLE subject_links (
    chain text NOT NULL,
    digest text NOT NULL,
    subject_key bytea NOT NULL,
    CONSTRAINT subject_links_key PRIMARY KEY (chain, digest),
    CONSTRAINT subject_links_size CHECK (octet_length(subject_key) = 32),
    CONSTRAINT subject_links_disclosed FOREIGN KEY (chain, digest)
        REFERENCES disclosures (chain, digest) ON DELETE CASCADE
);

CREATE INDEX subject_links_by_subject ON subject_links (chain, subject_key);
