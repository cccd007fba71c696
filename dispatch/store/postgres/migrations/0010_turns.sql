-- A call of a partition that has its turn can be claimed, if its function is one of which only so many
-- calls of a partition are under way at a time.
ALTER TABLE coroc.calls ADD COLUMN turn boolean NOT NULL DEFAULT false;

CREATE INDEX calls_partitions ON coroc.calls (function, partition, created, id) WHERE partition IS NOT NULL AND phase <> 3;
CREATE INDEX calls_turns ON coroc.calls (function, partition) WHERE turn AND phase <> 3;
