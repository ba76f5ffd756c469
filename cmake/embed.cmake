# cmake -D FILE=… -D TO=… -P embed.cmake: writes the file's bytes as one C++ string literal, for an
# #include in the middle of an expression. The delimiter must not occur in the file.
file(READ ${FILE} text)
file(WRITE ${TO} "R\"embedded(${text})embedded\"\n")
