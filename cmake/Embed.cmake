# Writes OUT: the bytes of IN as the C array ID, NUL-terminated, with ID_size.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){24})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "#include <stddef.h>\nextern const unsigned char ${ID}[];\nextern const size_t ${ID}_size;\n"
  "const unsigned char ${ID}[] = {\n${bytes}0};\nconst size_t ${ID}_size = sizeof(${ID}) - 1;\n")
