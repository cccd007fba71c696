ALTER TABLE coroc.calls
	ADD COLUMN priority  integer NOT NULL DEFAULT 0,
	ADD COLUMN partition text,
	ADD COLUMN deadline  timestamptz;
