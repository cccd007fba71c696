-- Calls for which nothing is to be done until their time comes or something happens: a start does not read them.
ALTER TABLE calls ADD COLUMN asleep INTEGER NOT NULL DEFAULT 0;
DROP INDEX calls_unfinished;
CREATE INDEX calls_unfinished ON calls (asleep, id) WHERE phase <> 3;
