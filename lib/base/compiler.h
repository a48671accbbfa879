/* compiler.h: the few attributes that every room uses. */
#ifndef FAM_BASE_COMPILER_H
#define FAM_BASE_COMPILER_H

#define FAM_MUST_CHECK __attribute__((warn_unused_result))
#define FAM_PRINTF(index, first) __attribute__((format(printf, index, first)))

/* Runs `fn(&variable)` when the variable leaves its scope: fam_auto(fam_buf_done) struct fam_buf text = {0}; */
#define fam_auto(fn) __attribute__((cleanup(fn)))

/* Around the declarations of a header that other programs use, in C++ too. */
#ifdef __cplusplus
#define FAM_BEGIN_DECLS extern "C" {
#define FAM_END_DECLS }
#else
#define FAM_BEGIN_DECLS
#define FAM_END_DECLS
#endif

#define FAM_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
