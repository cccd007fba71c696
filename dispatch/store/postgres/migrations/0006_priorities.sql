-- For claims: what is free, in the order in which it is to be run.
CREATE INDEX calls_free ON coroc.calls ((-priority::bigint), id) WHERE owner = 0 AND phase <> 3;
