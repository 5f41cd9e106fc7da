"""The only place that knows the names of JSON fields: what the API takes and what it answers, by subject."""
