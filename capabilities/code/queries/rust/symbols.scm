(mod_item name: (identifier) @name) @symbol.module
(struct_item name: (type_identifier) @name) @symbol.struct
(union_item name: (type_identifier) @name) @symbol.struct
(enum_item name: (type_identifier) @name) @symbol.enum
(enum_variant name: (identifier) @name) @symbol.enumMember
(trait_item name: (type_identifier) @name) @symbol.interface
(type_item name: (type_identifier) @name) @symbol.type
(impl_item type: (_) @name) @symbol.class
(field_declaration name: (field_identifier) @name) @symbol.field
(const_item name: (identifier) @name) @symbol.constant
(static_item name: (identifier) @name) @symbol.constant
(macro_definition name: (identifier) @name) @symbol.macro
(function_item name: (identifier) @name) @symbol.function
(function_signature_item name: (identifier) @name) @symbol.function
(declaration_list (function_item name: (identifier) @name) @symbol.method)
(declaration_list (function_signature_item name: (identifier) @name) @symbol.method)
(mod_item body: (declaration_list (function_item name: (identifier) @name) @symbol.function))
(foreign_mod_item body: (declaration_list (function_signature_item name: (identifier) @name) @symbol.function))
