; What the grammar's own query leaves out.
((identifier) @constant (#match? @constant "^[A-Z][A-Z0-9_]+$"))
(function_definition name: (identifier) @function)
(class_definition name: (identifier) @type)
(parameters (identifier) @variable.parameter)
(default_parameter name: (identifier) @variable.parameter)
(typed_parameter (identifier) @variable.parameter)
(typed_default_parameter name: (identifier) @variable.parameter)
(lambda_parameters (identifier) @variable.parameter)
(keyword_argument name: (identifier) @variable.parameter)
((identifier) @variable.builtin (#match? @variable.builtin "^(self|cls|__name__|__file__|__doc__)$"))
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":" ";"] @punctuation.delimiter
(parameters (list_splat_pattern (identifier) @variable.parameter))
(parameters (dictionary_splat_pattern (identifier) @variable.parameter))
