-- Calls that are not to be run yet, by their time: they need not be in memory.
CREATE INDEX calls_due ON calls (due) WHERE due <> 0 AND phase = 1;
