-- How a call is run, and what it waits for, as the engine encodes it; both are JSON.
ALTER TABLE coroc.calls
	ADD COLUMN options  bytea,
	ADD COLUMN waiting  bytea, -- NULL for all of first to first+width-1
	ADD COLUMN ending   smallint NOT NULL DEFAULT 0, -- the status with which the call was told to end
	ADD COLUMN progress bytea;
