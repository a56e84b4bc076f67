"""Model folders over HTTP: fetched from mirrors that nobody need trust, and mirrored to others."""
