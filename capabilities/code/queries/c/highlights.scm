; What the grammar's own query leaves out.
(escape_sequence) @string.escape
[(true) (false)] @constant.builtin
["goto" "register"] @keyword
[
  "+" "-" "*" "/" "%" "&" "|" "^" "~" "!" "=" "==" "!=" "<" ">" "<=" ">=" "<<" ">>" "&&" "||" "++" "--"
  "+=" "-=" "*=" "/=" "%=" "&=" "|=" "^=" "<<=" ">>=" "->" "?"
] @operator
[";" "," "." ":"] @punctuation.delimiter
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
(parameter_declaration declarator: (identifier) @variable.parameter)
(parameter_declaration declarator: (pointer_declarator declarator: (identifier) @variable.parameter))
(primitive_type) @type.builtin
(preproc_def name: (identifier) @constant)
