; Scopes, definitions and references.
