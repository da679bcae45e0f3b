(namespace_definition name: (_) @name) @symbol.module
(class_specifier name: (_) @name body: (_)) @symbol.class
(struct_specifier name: (_) @name body: (_)) @symbol.struct
(union_specifier name: (_) @name body: (_)) @symbol.struct
(enum_specifier name: (_) @name body: (_)) @symbol.enum
(enumerator name: (identifier) @name) @symbol.enumMember
(function_definition declarator: (function_declarator declarator: (identifier) @name)) @symbol.function
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @symbol.function
(function_definition declarator: (reference_declarator (function_declarator declarator: (identifier) @name))) @symbol.function
(function_definition declarator: (function_declarator declarator: (field_identifier) @name)) @symbol.method
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))) @symbol.method
(function_definition declarator: (reference_declarator (function_declarator declarator: (field_identifier) @name))) @symbol.method
(function_definition declarator: (function_declarator declarator: (qualified_identifier) @name)) @symbol.method
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier) @name))) @symbol.method
(function_definition declarator: (reference_declarator (function_declarator declarator: (qualified_identifier) @name))) @symbol.method
(function_definition declarator: (function_declarator declarator: (destructor_name) @name)) @symbol.method
(function_definition declarator: (function_declarator declarator: (operator_name) @name)) @symbol.method
(field_declaration declarator: (function_declarator declarator: (field_identifier) @name)) @symbol.method
(field_declaration declarator: (field_identifier) @name) @symbol.field
(translation_unit (declaration declarator: (function_declarator declarator: (identifier) @name)) @symbol.function)
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @name)) @symbol.variable)
(type_definition declarator: (type_identifier) @name) @symbol.type
(alias_declaration name: (type_identifier) @name) @symbol.type
(concept_definition name: (identifier) @name) @symbol.interface
(preproc_def name: (identifier) @name) @symbol.constant
(preproc_function_def name: (identifier) @name) @symbol.macro
