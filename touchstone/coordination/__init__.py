"""Takes a drawn job through its round: what a requester and a verifier can both do."""
