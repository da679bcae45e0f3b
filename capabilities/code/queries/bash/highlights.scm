(variable_assignment name: (variable_name) @variable)
(simple_expansion (variable_name) @variable)
(simple_expansion "$" @variable)
(special_variable_name) @variable.builtin
