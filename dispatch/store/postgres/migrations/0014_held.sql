-- A call that awaits one that is brief, with what that is: a row is made of it when it is done. What is here of the
-- call that awaits counts, and not what its row says, but nobody else than the owner of both has to know: before
-- another process can have them, both get rows as they would have had.
CREATE TABLE coroc.held (
	id       bigint PRIMARY KEY,   -- the call that awaits
	owner    bigint NOT NULL,      -- of both
	updated  timestamptz NOT NULL,
	status   smallint NOT NULL,
	attempts integer NOT NULL,
	failures integer NOT NULL,
	awaits   integer NOT NULL,
	reached  integer NOT NULL,
	state    bytea NOT NULL,
	awaited  bigint NOT NULL,      -- the call that has no row, and what it is
	root     bigint NOT NULL,
	function bigint NOT NULL,
	created  timestamptz NOT NULL,
	input    bytea NOT NULL
) WITH (fillfactor = 50);

-- Makes rows of what calls hold, and of what is to be known of them.
CREATE FUNCTION coroc.settle(parents bigint[]) RETURNS void LANGUAGE sql AS $$
	WITH h AS (
		DELETE FROM coroc.held WHERE id = ANY (parents) RETURNING *
	), awaited AS (
		INSERT INTO coroc.calls (id, incarnation, owner, parent, root, function, created, updated, phase, status,
			attempts, failures, awaits, reached, first, width, input)
		SELECT awaited, owner, owner, id, root, function, created, updated, 1, 0, 0, 0, 0, 0, 0, 0, input FROM h
		ON CONFLICT (id) DO NOTHING
	), stored AS (
		INSERT INTO coroc.states (id, state) SELECT id, state FROM h
		ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state
	) UPDATE coroc.calls SET updated = h.updated, phase = 2, status = h.status, attempts = h.attempts, failures = h.failures,
		awaits = h.awaits, reached = h.reached, first = h.awaited, width = 1, due = NULL, output = NULL, error = NULL,
		waiting = NULL FROM h WHERE calls.id = h.id AND calls.phase + 0 <> 3
$$;

-- Whoever fences an incarnation settles with that what it holds.
CREATE FUNCTION coroc.settle_fenced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM coroc.settle(ARRAY(SELECT id FROM coroc.held WHERE owner = NEW.id));
	RETURN NULL;
END $$;

CREATE TRIGGER settle_fenced AFTER UPDATE OF fenced ON coroc.incarnations FOR EACH ROW
	WHEN (OLD.fenced IS NULL AND NEW.fenced IS NOT NULL) EXECUTE FUNCTION coroc.settle_fenced();
