; What the grammars' own queries leave out.
(parameter_declaration declarator: (reference_declarator (identifier) @variable.parameter))
(namespace_definition name: (namespace_identifier) @module)
(destructor_name (identifier) @function)
["::" ] @punctuation.delimiter
