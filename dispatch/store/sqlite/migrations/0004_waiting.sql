-- How a call is run, and what it waits for, as the engine encodes it; both are JSON.
ALTER TABLE calls ADD COLUMN options BLOB;
ALTER TABLE calls ADD COLUMN waiting BLOB; -- NULL for all of first to first+width-1
ALTER TABLE calls ADD COLUMN ending INTEGER NOT NULL DEFAULT 0; -- the status with which the call was told to end
ALTER TABLE calls ADD COLUMN progress BLOB;
