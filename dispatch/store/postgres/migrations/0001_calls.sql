CREATE TABLE coroc.incarnations (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name    text NOT NULL UNIQUE,
	started timestamptz NOT NULL DEFAULT now(),
	commits bigint NOT NULL DEFAULT 0, -- how many it has made
	round   bigint NOT NULL DEFAULT 0, -- how often it has asked what had become of one
	fenced  timestamptz                -- when it lost, or gave up, what it owned
) WITH (fillfactor = 50);

CREATE TABLE coroc.functions (
	id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE
);

CREATE TABLE coroc.calls (
	id          bigint PRIMARY KEY,
	incarnation bigint NOT NULL,
	owner       bigint NOT NULL,   -- the incarnation that has it, if it is not done
	parent      bigint NOT NULL,
	root        bigint NOT NULL,
	function    bigint NOT NULL,
	created     timestamptz NOT NULL,
	updated     timestamptz NOT NULL,
	due         timestamptz,
	first       bigint NOT NULL,   -- what it awaits: the calls first to first+width-1
	width       integer NOT NULL,
	attempts    integer NOT NULL,
	failures    integer NOT NULL,
	awaits      integer NOT NULL,
	reached     integer NOT NULL,
	phase       smallint NOT NULL, -- 1 ready, 2 suspended, 3 done, 4 parked
	status      smallint NOT NULL,
	key         text,
	output      bytea,
	error       bytea,
	input       bytea NOT NULL
);

CREATE UNIQUE INDEX calls_key ON coroc.calls (key) WHERE key IS NOT NULL;
CREATE INDEX calls_unfinished ON coroc.calls (id) WHERE phase <> 3;

-- The states are written over and over, and have no other index: so they have room for it.
CREATE TABLE coroc.states (
	id    bigint PRIMARY KEY,
	state bytea NOT NULL
) WITH (fillfactor = 50);

-- What a statement calls that has found that the transaction must not be.
CREATE FUNCTION coroc.refuse(code text, what text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = code, MESSAGE = what;
END $$;
