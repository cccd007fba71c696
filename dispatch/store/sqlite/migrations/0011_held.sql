-- A call can hold the one that it awaits, which has no row then: asleep is 2, first its id, and what is not here is
-- as of a call that was just made, by the last incarnation. In calls_unfinished the calls that hold one are together, and
-- stay there while they hold one after the other.
ALTER TABLE calls ADD COLUMN held         INTEGER; -- its function
ALTER TABLE calls ADD COLUMN held_created INTEGER;
ALTER TABLE calls ADD COLUMN held_input   BLOB;
