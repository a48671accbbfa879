# The source's revision, for --version and ServerInfo; "unknown" outside a checkout.
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
                OUTPUT_VARIABLE FAM_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT FAM_REVISION)
  set(FAM_REVISION unknown)
endif()
