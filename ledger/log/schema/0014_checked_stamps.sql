-- Whether a check looked at the time stamps: a break found in one stands until a check that did too.
ALTER TABLE checks ADD COLUMN stamped boolean NOT NULL DEFAULT false;
