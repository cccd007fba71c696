-- What was sent to calls, in the order of sending.
CREATE TABLE events (
	id      INTEGER PRIMARY KEY,
	call    INTEGER NOT NULL, -- to which it was sent
	taken   INTEGER NOT NULL, -- the awaited call of which it is the outcome; 0 if there is none
	sent    INTEGER NOT NULL,
	name    TEXT    NOT NULL,
	key     TEXT,             -- of the sending
	payload BLOB    NOT NULL
) STRICT;

CREATE INDEX events_waiting ON events (call, name, id) WHERE taken = 0;
CREATE INDEX events_taken ON events (call, taken) WHERE taken > 0;
CREATE UNIQUE INDEX events_key ON events (call, key) WHERE key IS NOT NULL;
