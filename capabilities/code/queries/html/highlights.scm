"=" @operator
(quoted_attribute_value) @string
(entity) @string.escape
