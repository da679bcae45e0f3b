; What the grammar's own query leaves out.
(escape_sequence) @string.escape
(class_declaration name: (_) @type)
(private_property_identifier) @property
(shorthand_property_identifier_pattern) @variable
