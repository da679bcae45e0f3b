; Scopes, definitions and references.
[(method_declaration) (constructor_declaration) (lambda_expression) (compact_constructor_declaration)] @scope.function
[(block) (for_statement) (enhanced_for_statement) (catch_clause) (try_with_resources_statement) (class_declaration)
 (interface_declaration) (enum_declaration) (record_declaration) (class_body) (switch_block)] @scope

(identifier) @reference
(type_identifier) @reference
(field_access field: (identifier) @ignore)
(method_invocation name: (identifier) @ignore)
(method_reference "::" (identifier) @ignore)
(scoped_identifier (identifier) @ignore)
(element_value_pair key: (identifier) @ignore)
(labeled_statement (identifier) @ignore)
(break_statement (identifier) @ignore)
(continue_statement (identifier) @ignore)
(annotation name: (identifier) @ignore)
(marker_annotation name: (identifier) @ignore)

(method_declaration name: (identifier) @definition.outer.member)
(constructor_declaration name: (identifier) @reference)
(class_declaration name: (identifier) @definition.outer)
(interface_declaration name: (identifier) @definition.outer)
(enum_declaration name: (identifier) @definition.outer)
(record_declaration name: (identifier) @definition.outer)
(enum_constant name: (identifier) @definition.member)
(field_declaration declarator: (variable_declarator name: (identifier) @definition.member))
(record_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @definition.member)))
(formal_parameter name: (identifier) @definition)
(spread_parameter (variable_declarator name: (identifier) @definition))
(catch_formal_parameter name: (identifier) @definition)
(inferred_parameters (identifier) @definition)
(lambda_expression parameters: (identifier) @definition)
(local_variable_declaration declarator: (variable_declarator name: (identifier) @definition.after))
(enhanced_for_statement name: (identifier) @definition.body)
(resource name: (identifier) @definition.after)
(type_parameter (type_identifier) @definition)
