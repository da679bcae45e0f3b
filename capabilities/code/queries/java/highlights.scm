; What the grammar's own query leaves out.
(formal_parameter name: (identifier) @variable.parameter)
(field_access field: (identifier) @property)
(escape_sequence) @string.escape
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":" ";" "::"] @punctuation.delimiter
[
  "+" "-" "*" "/" "%" "=" "==" "!=" "<" ">" "<=" ">=" "&&" "||" "!" "&" "|" "^" "~" "<<" ">>" ">>>" "++" "--" "+=" "-="
  "*=" "/=" "%=" "->" "?"
] @operator
