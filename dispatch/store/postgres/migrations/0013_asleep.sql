-- Calls for which nothing is to be done until their time comes or something happens are free, and are not claimed.
ALTER TABLE coroc.calls ADD COLUMN asleep boolean NOT NULL DEFAULT false;
CREATE INDEX calls_asleep ON coroc.calls (due) WHERE asleep;

-- For claims: in the order in which calls are to be run, and in that of their ids.
DROP INDEX coroc.calls_free;
CREATE INDEX calls_free ON coroc.calls ((-priority::bigint), id) WHERE owner = 0 AND phase <> 3 AND NOT asleep;
CREATE INDEX calls_oldest ON coroc.calls (id) WHERE owner = 0 AND phase <> 3 AND NOT asleep;

-- Whether calls sleep through nothing that the process of an incarnation has stored. They may of one of an older
-- version, which does not wake them: while there is one, none fall asleep, and those that sleep are woken.
ALTER TABLE coroc.incarnations ADD COLUMN wakes boolean NOT NULL DEFAULT false;
