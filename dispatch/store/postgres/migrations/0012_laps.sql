-- How often a call was handed over, and how often the parent of a call had been when it made that; NULL for never.
-- What is of an earlier lap of its parent can be removed.
ALTER TABLE coroc.calls
	ADD COLUMN hops bigint,
	ADD COLUMN lap  bigint;
-- Events are removed with what received them in an earlier lap: taken is minus the id of that.
CREATE INDEX events_kept ON coroc.events (call, taken) WHERE taken < 0;
