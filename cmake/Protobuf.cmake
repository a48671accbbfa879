# fam_add_protos(TARGET FILE...): C code from .proto files at build time, as a static library.
function(fam_add_protos target)
  set(generated)
  foreach(proto IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${stem}.pb-c)
    add_custom_command(
      OUTPUT ${out}.c ${out}.h
      COMMAND ${PROTOC} --proto_path=${CMAKE_CURRENT_SOURCE_DIR} --plugin=protoc-gen-c=${PROTOC_GEN_C}
              --c_out=${CMAKE_CURRENT_BINARY_DIR} ${proto}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
      DEPENDS ${ARGN}
      VERBATIM)
    list(APPEND generated ${out}.c ${out}.h)
  endforeach()
  add_library(${target} STATIC ${generated})
  target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${target} PUBLIC PkgConfig::PROTOBUF_C)
endfunction()

# fam_add_descriptor_set(TARGET OUT FILE...): the .proto files as one FileDescriptorSet, with their comments.
function(fam_add_descriptor_set target out)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${PROTOC} --proto_path=${CMAKE_CURRENT_SOURCE_DIR} --include_imports --include_source_info
            --descriptor_set_out=${out} ${ARGN}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    DEPENDS ${ARGN}
    VERBATIM)
  add_custom_target(${target} DEPENDS ${out})
endfunction()
