(ui_object_definition type_name: (_) @name) @symbol.object
(ui_object_definition_binding type_name: (_) @name) @symbol.object
(ui_inline_component name: (identifier) @name) @symbol.class
(ui_property name: (identifier) @name) @symbol.property
(ui_signal name: (identifier) @name) @symbol.event
(function_declaration name: (identifier) @name) @symbol.function
