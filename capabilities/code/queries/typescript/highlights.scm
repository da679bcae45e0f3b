; What the grammars' own queries leave out.
(required_parameter pattern: (identifier) @variable.parameter)
(optional_parameter pattern: (identifier) @variable.parameter)
(interface_declaration name: (type_identifier) @type)
