-- Attempts that are under way, of calls that were there when the process started: who is in
-- here when a process starts was running when the last one died.
CREATE TABLE watched (
	id      INTEGER PRIMARY KEY, -- of the call
	begun   INTEGER NOT NULL,    -- 0 if the attempt is not to begin yet
	crashes INTEGER NOT NULL,    -- attempts in a row that have ended with their process
	alone   INTEGER NOT NULL     -- 1 if no other attempt runs beside it
) STRICT;
