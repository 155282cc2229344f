package mcl

// WarningEvent is the name of the events in metrics.jsonl that say what went wrong in a run and what to change.
const WarningEvent = "warning"
