/* methods.h: the table of all methods of fam.v1 that this server serves, and the rules for their request fields.
 *
 * A method is added here together with its handler; the server refuses to start when the two disagree. */
#ifndef FAM_SERVICES_METHODS_H
#define FAM_SERVICES_METHODS_H

#include <stddef.h>

#include "rpc/method.h"

extern const struct fam_method fam_methods[];
extern const size_t fam_method_count;
extern const struct fam_field_rule fam_field_rules[];
extern const size_t fam_field_rule_count;

/* The full names in the table's order, for the metrics; *ret_count of them. Static storage. */
const char *const *fam_method_names(size_t *ret_count);
/* Index of a full name, or SIZE_MAX. */
size_t fam_method_index(const char *name);

#endif
