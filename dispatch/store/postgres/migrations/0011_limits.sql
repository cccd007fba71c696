-- What the processes of a fleet share out among themselves. Who changes a share has the lock on the row here.
CREATE TABLE coroc.limits (
	name text PRIMARY KEY,
	next bigint NOT NULL DEFAULT 0 -- when the next token of a rate can be used, nanoseconds since 1970
);

CREATE TABLE coroc.shares (
	name        text NOT NULL,
	incarnation bigint NOT NULL,
	slots       integer NOT NULL, -- attempts that may run at a time there
	want        integer NOT NULL, -- those that could
	PRIMARY KEY (name, incarnation)
);
