# libfamrpc for other services: shared and static, its headers, famrpc.pc. Component "famrpc" of the installation.
#
# The functions that the public headers declare, with all that they need and all messages, become one object in which
# everything else is local: no name of ours can meet one of the program that links it, statically too.
set(FAMRPC_SOVERSION 1)
set(headers base/buf.h base/compiler.h base/status.h base/uuid.h rpc/client.h rpc/json_codec.h rpc/tls.h)

set(symbols)
foreach(header IN LISTS headers)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${header})
  file(READ ${header} text)
  string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" "" text "${text}")
  string(REGEX REPLACE "static inline[^\n]*" "" text "${text}")
  string(REGEX REPLACE "#define[^\n]*(\\\\\n[^\n]*)*" "" text "${text}")
  string(REGEX MATCHALL "fam_[a-z0-9_]+\\(" found "${text}")
  list(APPEND symbols ${found})
endforeach()
list(TRANSFORM symbols REPLACE "\\(" "")
list(REMOVE_ITEM symbols fam_auto fam_fail_memory)
list(REMOVE_DUPLICATES symbols)
list(JOIN symbols "\n" lines)
file(CONFIGURE OUTPUT famrpc.symbols CONTENT "fam__*\n${lines}\n")
list(TRANSFORM symbols PREPEND "-Wl,-u," OUTPUT_VARIABLE wanted)

set(object ${CMAKE_CURRENT_BINARY_DIR}/famrpc_whole.o)
add_custom_command(OUTPUT ${object}
  COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${object} ${wanted} -Wl,--whole-archive $<TARGET_FILE:fam_proto>
          -Wl,--no-whole-archive $<TARGET_FILE:famrpc> $<TARGET_FILE:fam_lib>
  COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbols=${CMAKE_CURRENT_BINARY_DIR}/famrpc.symbols ${object}
  DEPENDS fam_proto famrpc fam_lib ${CMAKE_CURRENT_BINARY_DIR}/famrpc.symbols
  VERBATIM)
set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)

add_library(famrpc_shared SHARED ${object})
add_library(famrpc_static STATIC ${object})
set_target_properties(famrpc_shared famrpc_static PROPERTIES OUTPUT_NAME famrpc LINKER_LANGUAGE C
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/famrpc ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/famrpc)
set_target_properties(famrpc_shared PROPERTIES VERSION ${FAMRPC_SOVERSION}.${PROJECT_VERSION} SOVERSION ${FAMRPC_SOVERSION})
target_link_libraries(famrpc_shared PRIVATE nng::nng PkgConfig::PROTOBUF_C PkgConfig::SODIUM PkgConfig::UTF8PROC
  PkgConfig::CJSON Threads::Threads m)
if(NOT FAM_SANITIZE)
  target_link_options(famrpc_shared PRIVATE -Wl,--no-undefined)
endif()

file(RELATIVE_PATH FAMRPC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" FAMRPC_PREFIX "${FAMRPC_PREFIX}")
configure_file(${CMAKE_SOURCE_DIR}/cmake/famrpc.pc.in famrpc.pc @ONLY)
install(TARGETS famrpc_shared famrpc_static COMPONENT famrpc)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/famrpc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT famrpc)
install(FILES famrpc.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/famrpc COMPONENT famrpc)
foreach(header IN LISTS headers)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/famrpc/${folder} COMPONENT famrpc)
endforeach()
install(DIRECTORY ${CMAKE_BINARY_DIR}/proto/fam DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/famrpc COMPONENT famrpc
  FILES_MATCHING PATTERN "*.pb-c.h")
