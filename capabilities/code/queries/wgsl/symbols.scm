(function_declaration name: (identifier) @name) @symbol.function
(struct_declaration name: (identifier) @name) @symbol.struct
(struct_member (variable_identifier_declaration name: (identifier) @name)) @symbol.field
(type_alias_declaration . (identifier) @name) @symbol.type
(global_constant_declaration (variable_identifier_declaration name: (identifier) @name)) @symbol.constant
(global_variable_declaration (variable_declaration (variable_identifier_declaration name: (identifier) @name))) @symbol.variable
