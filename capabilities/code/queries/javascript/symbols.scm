(class_declaration name: (_) @name) @symbol.class
(function_declaration name: (identifier) @name) @symbol.function
(generator_function_declaration name: (identifier) @name) @symbol.function
(method_definition name: (_) @name) @symbol.method
(field_definition property: (property_identifier) @name) @symbol.field
(program (lexical_declaration (variable_declarator name: (identifier) @name) @symbol.variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @symbol.variable))
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name) @symbol.variable)))
((program (lexical_declaration "const" (variable_declarator name: (identifier) @name) @symbol.constant)) (#match? @name "^[A-Z][A-Z0-9_]*$"))
((program (export_statement (lexical_declaration "const" (variable_declarator name: (identifier) @name) @symbol.constant))) (#match? @name "^[A-Z][A-Z0-9_]*$"))
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @symbol.function
(assignment_expression left: (member_expression property: (property_identifier) @name) right: [(arrow_function) (function_expression)]) @symbol.method
(pair key: (property_identifier) @name value: [(arrow_function) (function_expression)]) @symbol.method
