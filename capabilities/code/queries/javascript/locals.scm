; Scopes, definitions and references.
[(function_declaration) (function_expression) (arrow_function) (generator_function) (generator_function_declaration)
 (method_definition)] @scope.function
[(statement_block) (for_statement) (for_in_statement) (catch_clause) (class_declaration) (class) (switch_body)] @scope

(identifier) @reference
(shorthand_property_identifier) @reference.shorthand
(export_specifier name: (identifier) @reference)
(export_specifier alias: (identifier) @ignore)
(import_specifier name: (identifier) @ignore)

(function_declaration name: (identifier) @definition.outer)
(generator_function_declaration name: (identifier) @definition.outer)
(function_expression name: (identifier) @definition)
(class_declaration name: (_) @definition.outer)
(class name: (_) @definition)
(lexical_declaration (variable_declarator name: (identifier) @definition))
(variable_declaration (variable_declarator name: (identifier) @definition.hoist))
(array_pattern (identifier) @definition)
(object_pattern (shorthand_property_identifier_pattern) @definition.shorthand)
(object_pattern (object_assignment_pattern left: (shorthand_property_identifier_pattern) @definition.shorthand))
(object_pattern (pair_pattern value: (identifier) @definition))
(object_pattern (pair_pattern value: (assignment_pattern left: (identifier) @definition)))
(array_pattern (assignment_pattern left: (identifier) @definition))
(rest_pattern (identifier) @definition)
(catch_clause parameter: (identifier) @definition)
(for_in_statement kind: _ left: (identifier) @definition)
(import_specifier !alias name: (identifier) @definition.member)
(import_specifier alias: (identifier) @definition)
(import_clause (identifier) @definition)
(namespace_import (identifier) @definition)
(formal_parameters (identifier) @definition)
(formal_parameters (assignment_pattern left: (identifier) @definition))
(arrow_function parameter: (identifier) @definition)
; Names of elements are references where they are those of components.
((jsx_opening_element name: (identifier) @ignore) (#match? @ignore "^[a-z]"))
((jsx_closing_element name: (identifier) @ignore) (#match? @ignore "^[a-z]"))
((jsx_self_closing_element name: (identifier) @ignore) (#match? @ignore "^[a-z]"))
