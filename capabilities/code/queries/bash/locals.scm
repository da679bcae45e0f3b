; Scopes, definitions and references.
(function_definition) @scope.function
(program) @scope.function

(variable_name) @reference.value
(variable_assignment name: (variable_name) @reference.value.weak)
(command_name (word) @reference.type)
(function_definition name: (word) @definition.outer.type)
(program (variable_assignment name: (variable_name) @definition.value))
(program (declaration_command (variable_assignment name: (variable_name) @definition.value)))
(for_statement variable: (variable_name) @definition.value.hoist)
((declaration_command . ["local" "declare" "typeset"] (variable_name) @definition.value.hoist))
((declaration_command . ["local" "declare" "typeset"] (variable_assignment name: (variable_name) @definition.value.hoist)))
