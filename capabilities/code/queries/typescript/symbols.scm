(class_declaration name: (_) @name) @symbol.class
(function_declaration name: (identifier) @name) @symbol.function
(generator_function_declaration name: (identifier) @name) @symbol.function
(method_definition name: (_) @name) @symbol.method
(public_field_definition name: (property_identifier) @name) @symbol.field
(program (lexical_declaration (variable_declarator name: (identifier) @name) @symbol.variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @symbol.variable))
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name) @symbol.variable)))
((program (lexical_declaration "const" (variable_declarator name: (identifier) @name) @symbol.constant)) (#match? @name "^[A-Z][A-Z0-9_]*$"))
((program (export_statement (lexical_declaration "const" (variable_declarator name: (identifier) @name) @symbol.constant))) (#match? @name "^[A-Z][A-Z0-9_]*$"))
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @symbol.function
(assignment_expression left: (member_expression property: (property_identifier) @name) right: [(arrow_function) (function_expression)]) @symbol.method
(pair key: (property_identifier) @name value: [(arrow_function) (function_expression)]) @symbol.method
(abstract_class_declaration name: (_) @name) @symbol.class
(interface_declaration name: (_) @name) @symbol.interface
(enum_declaration name: (_) @name) @symbol.enum
(enum_body name: (_) @name @symbol.enumMember)
(enum_assignment name: (_) @name) @symbol.enumMember
(type_alias_declaration name: (_) @name) @symbol.type
(internal_module name: (_) @name) @symbol.module
(module name: (_) @name) @symbol.module
(function_signature name: (identifier) @name) @symbol.function
(method_signature name: (_) @name) @symbol.method
(abstract_method_signature name: (_) @name) @symbol.method
(interface_body (property_signature name: (_) @name) @symbol.field)
