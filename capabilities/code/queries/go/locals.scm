; Scopes, definitions and references.
[(function_declaration) (method_declaration) (func_literal)] @scope.function
[(block) (for_statement) (if_statement) (expression_switch_statement) (type_switch_statement) (select_statement)
 (expression_case) (default_case) (type_case) (communication_case) (type_declaration)] @scope
[(short_var_declaration) (var_spec) (const_spec)] @statement

(identifier) @reference
(type_identifier) @reference
(package_identifier) @ignore
(label_name) @ignore
(keyed_element . (literal_element (identifier) @ignore))

(function_declaration name: (identifier) @definition.outer)
(type_spec name: (type_identifier) @definition.outer)
(type_alias name: (type_identifier) @definition.outer)
(source_file (var_declaration (var_spec name: (identifier) @definition)))
(parameter_declaration name: (identifier) @definition)
(variadic_parameter_declaration name: (identifier) @definition)
(type_parameter_declaration name: (identifier) @definition)
(short_var_declaration left: (expression_list (identifier) @definition))
(var_spec name: (identifier) @definition)
(const_spec name: (identifier) @definition)
(range_clause left: (expression_list (identifier) @definition.body))
