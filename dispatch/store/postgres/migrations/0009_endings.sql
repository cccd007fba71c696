-- For who looks which of its calls others have told to end.
CREATE INDEX calls_ending ON coroc.calls (owner) WHERE phase <> 3 AND ending <> 0;
