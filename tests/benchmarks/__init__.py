"""Programs that print figures; none is a test."""
