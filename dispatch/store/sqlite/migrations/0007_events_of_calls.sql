-- For calls that are removed: all events of one.
CREATE INDEX events_of ON events (call);
