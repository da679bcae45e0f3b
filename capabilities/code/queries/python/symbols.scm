(class_definition name: (identifier) @name) @symbol.class
(function_definition name: (identifier) @name) @symbol.function
(class_definition body: (block (function_definition name: (identifier) @name) @symbol.method))
(class_definition body: (block (decorated_definition definition: (function_definition name: (identifier) @name) @symbol.method)))
(module (expression_statement (assignment left: (identifier) @name) @symbol.variable))
((module (expression_statement (assignment left: (identifier) @name) @symbol.constant))
 (#match? @name "^_*[A-Z][A-Z0-9_]*$"))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @symbol.field)))
(type_alias_statement left: (type (identifier) @name)) @symbol.type
