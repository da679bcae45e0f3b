; What the grammar's own query leaves out.
((identifier) @constant (#match? @constant "^[A-Z][A-Z\\d_]+$"))
(parameter pattern: (identifier) @variable.parameter)
(closure_parameters (identifier) @variable.parameter)
(self_parameter (self) @variable.builtin)
(macro_definition name: (identifier) @function.macro)
(mod_item name: (identifier) @module)
(shebang) @comment
[
  "+" "-" "*" "/" "%" "=" "==" "!=" "<=" ">=" "&&" "||" "!" "|" "^" "<<" ">>" "+=" "-=" "*=" "/=" "%=" "&=" "|=" "^="
  "->" "=>" ".." "..=" "?"
] @operator
