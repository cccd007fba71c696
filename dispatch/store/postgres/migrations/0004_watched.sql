-- What became free because its owner was fenced, and not because that had no use for it, is lost
-- until someone claims it: it may have been running when its process died.
ALTER TABLE coroc.calls ADD COLUMN lost boolean NOT NULL DEFAULT false;

-- The owner has ended in an orderly way: nothing that it had was running.
ALTER TABLE coroc.incarnations ADD COLUMN closed boolean NOT NULL DEFAULT false;

-- Attempts that are under way, of calls that were lost before.
CREATE TABLE coroc.watched (
	id      bigint PRIMARY KEY, -- of the call
	kind    smallint NOT NULL,  -- 0 it runs, 1 it runs beside others that began later, 2 it is not to begin yet
	crashes integer NOT NULL,   -- attempts in a row that have ended with their process
	alone   boolean NOT NULL    -- no other attempt ran beside it
);
