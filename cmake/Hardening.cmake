# Warnings, hardening and instrumentation for every target. tests/lint/hardening checks the linked programs.
add_compile_definitions(_GNU_SOURCE)
# Assertions stay on in what is shipped: a broken invariant must not go on with a child's data.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
                    -Wwrite-strings -Wpointer-arith -Wformat=2 -Wvla)
# Debug information tells paths from the source's root: reports of crashes name no machine's folders.
add_compile_options(-fdebug-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(FAM_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()

add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-strict-overflow)
add_link_options(-Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
# Links test programs and sanitized ones where it is there: they are many, on the same libraries, and it takes half the time.
find_program(FAM_LLD ld.lld)
set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")
if(FAM_SANITIZE)
  add_compile_options(-fsanitize=${FAM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FAM_SANITIZE})
  if(FAM_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(FAM_FUZZ)
  # The libraries, too, or libFuzzer sees no path through them; the sanitizer's runtime has what the others link against.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FAM_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
add_compile_definitions(FAM_VERSION="${PROJECT_VERSION}")
