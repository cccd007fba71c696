ALTER TABLE coroc.incarnations
	ADD COLUMN expires timestamptz, -- when another process may fence it; NULL for the only owner of a store
	ADD COLUMN channel text,        -- what its process listens on
	ADD COLUMN emptied timestamptz; -- when, after it was fenced, all that it had had been set free

-- For takeovers, and for claims of what is free: the owner is 0 then.
CREATE INDEX calls_owned ON coroc.calls (owner, id) WHERE phase <> 3;

CREATE TABLE coroc.ids (next bigint NOT NULL);
INSERT INTO coroc.ids VALUES (1);
