-- What was sent to calls, in the order of sending.
CREATE TABLE coroc.events (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	call    bigint NOT NULL,           -- to which it was sent
	taken   bigint NOT NULL DEFAULT 0, -- the awaited call of which it is the outcome; 0 if there is none, -1 if there will be none
	sent    timestamptz NOT NULL DEFAULT now(),
	name    text NOT NULL,
	key     text,                      -- of the sending
	payload bytea NOT NULL
);

CREATE INDEX events_waiting ON coroc.events (call, name, id) WHERE taken = 0;
CREATE INDEX events_taken ON coroc.events (call, taken) WHERE taken > 0;
CREATE UNIQUE INDEX events_key ON coroc.events (call, key) WHERE key IS NOT NULL;
