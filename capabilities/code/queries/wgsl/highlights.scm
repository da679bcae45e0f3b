(identifier) @variable
(int_literal) @number
(float_literal) @number
(bool_literal) @constant.builtin
[(line_comment) (block_comment)] @comment
(struct_declaration name: (identifier) @type)
(type_declaration (identifier) @type)
(type_declaration) @type
(type_alias_declaration (identifier) @type)
(struct_member (variable_identifier_declaration name: (identifier) @property))
(composite_value_decomposition_expression accessor: (identifier) @property)
(parameter (variable_identifier_declaration name: (identifier) @variable.parameter))
(function_declaration name: (identifier) @function)
(type_constructor_or_function_call_expression (type_declaration (identifier) @function))
(global_constant_declaration (variable_identifier_declaration name: (identifier) @constant))
(attribute (identifier) @attribute)
(attribute "@" @attribute)
[(access_mode) (address_space) (texel_format)] @keyword
[
  "fn" "struct" "var" "let" "override" "for" "while" "loop" "if" "else" "switch" "case" "default" "return" "break"
  "continue" "continuing" "discard" "enable" "fallthrough" "type"
] @keyword
["#import" "#define_import_path" "#ifdef" "#ifndef" "#else" "#endif"] @keyword
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":" ";" "::"] @punctuation.delimiter
["+" "-" "*" "/" "%" "=" "==" "!=" "<" ">" "<=" ">=" "&&" "||" "!" "&" "|" "^" "~" "<<" ">>" "->" "+=" "-=" "*=" "/=" "++" "--"] @operator
((identifier) @keyword (#eq? @keyword "const"))
