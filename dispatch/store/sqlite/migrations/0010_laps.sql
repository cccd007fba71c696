-- How often a call was handed over, and how often the parent of a call had been when it made that. What is of an
-- earlier lap of its parent can be removed.
ALTER TABLE calls ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN lap  INTEGER NOT NULL DEFAULT 0;
-- Events are removed with what received them in an earlier lap: taken is minus the id of that.
CREATE INDEX events_kept ON events (taken) WHERE taken < 0;
