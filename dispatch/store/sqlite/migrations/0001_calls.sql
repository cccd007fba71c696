-- One row an ownership: the process that holds the lock file writes one when it opens the
-- store. The name is random, and part of the ids that the outside sees.
CREATE TABLE incarnations (
	id      INTEGER PRIMARY KEY,
	name    TEXT    NOT NULL UNIQUE,
	started INTEGER NOT NULL -- milliseconds since 1970, as all times here
) STRICT;

CREATE TABLE functions (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE calls (
	id          INTEGER PRIMARY KEY,
	incarnation INTEGER NOT NULL,
	parent      INTEGER NOT NULL,
	root        INTEGER NOT NULL,
	function    INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	updated     INTEGER NOT NULL,
	phase       INTEGER NOT NULL, -- 1 ready, 2 suspended, 3 done, 4 parked
	status      INTEGER NOT NULL,
	attempts    INTEGER NOT NULL,
	failures    INTEGER NOT NULL,
	awaits      INTEGER NOT NULL,
	reached     INTEGER NOT NULL,
	due         INTEGER NOT NULL,
	first       INTEGER NOT NULL, -- what it awaits: the calls first to first+width-1
	width       INTEGER NOT NULL,
	key         TEXT,
	output      BLOB,
	error       BLOB,
	input       BLOB NOT NULL,
	state       BLOB
) STRICT;

CREATE UNIQUE INDEX calls_key ON calls (key) WHERE key IS NOT NULL;
CREATE INDEX calls_unfinished ON calls (id) WHERE phase <> 3;
