// A file for the assembler lets Go functions have no body.
