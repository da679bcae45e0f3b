(bare_key) @property
(quoted_key) @property
(table (bare_key) @type)
(table (dotted_key) @type)
(table (dotted_key (bare_key) @type))
(table_array_element (bare_key) @type)
(table_array_element (dotted_key (bare_key) @type))
(pair (bare_key) @property)
(escape_sequence) @string.escape
(pair) @none
