; Scopes, definitions and references.
(function_definition) @scope.function
[(compound_statement) (for_statement) (if_statement) (while_statement) (switch_statement)] @scope
(declaration declarator: (function_declarator parameters: (parameter_list) @scope))
(declaration declarator: (pointer_declarator declarator: (function_declarator parameters: (parameter_list) @scope)))
(type_definition declarator: (function_declarator parameters: (parameter_list) @scope))
(field_declaration declarator: (function_declarator parameters: (parameter_list) @scope))
(preproc_function_def) @scope

(identifier) @reference.value
(type_identifier) @reference.type
(statement_identifier) @ignore
(preproc_arg) @words

(declaration declarator: (identifier) @definition.value.after)
(declaration declarator: (pointer_declarator declarator: (identifier) @definition.value.after))
(declaration declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @definition.value.after)))
(declaration declarator: (array_declarator declarator: (identifier) @definition.value.after))
(declaration declarator: (function_declarator declarator: (identifier) @definition.value))
(declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @definition.value)))
(init_declarator declarator: (identifier) @definition.value.after)
(init_declarator declarator: (pointer_declarator declarator: (identifier) @definition.value.after))
(init_declarator declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @definition.value.after)))
(init_declarator declarator: (array_declarator declarator: (identifier) @definition.value.after))
(init_declarator declarator: (pointer_declarator declarator: (array_declarator declarator: (identifier) @definition.value.after)))
(array_declarator declarator: (array_declarator declarator: (identifier) @definition.value.after))
(parenthesized_declarator (pointer_declarator declarator: (identifier) @definition.value.after))
(translation_unit (declaration declarator: (identifier) @definition.value))
(translation_unit (declaration declarator: (pointer_declarator declarator: (identifier) @definition.value)))
(translation_unit (declaration declarator: (array_declarator declarator: (identifier) @definition.value)))
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @definition.value)))
(translation_unit (declaration declarator: (init_declarator declarator: (pointer_declarator declarator: (identifier) @definition.value))))
(translation_unit (declaration declarator: (init_declarator declarator: (array_declarator declarator: (identifier) @definition.value))))
(function_definition declarator: (function_declarator declarator: (identifier) @definition.value.outer))
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @definition.value.outer)))
(function_definition declarator: (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @definition.value.outer))))
(preproc_params (identifier) @definition.value)
(parameter_declaration declarator: (identifier) @definition.value)
(parameter_declaration declarator: (pointer_declarator declarator: (identifier) @definition.value))
(parameter_declaration declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @definition.value)))
(parameter_declaration declarator: (array_declarator declarator: (identifier) @definition.value))
(enumerator name: (identifier) @definition.value)
(type_definition declarator: (type_identifier) @definition.type)
(struct_specifier name: (type_identifier) @definition.type body: (_))
(union_specifier name: (type_identifier) @definition.type body: (_))
(enum_specifier name: (type_identifier) @definition.type body: (_))
(preproc_def name: (identifier) @definition.value)
(preproc_function_def name: (identifier) @definition.value.outer)
