#include "stack.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

/* "/usr/bin/famserver (deleted)" → "famserver". */
static void copy_base(char ret_name[FAM_STACK_NAME_SIZE], const char *path)
{
    const char *slash = strrchr(path, '/');
    (void)snprintf(ret_name, FAM_STACK_NAME_SIZE, "%s", slash == NULL ? path : slash + 1);
}

/* The build writes paths relative to the source's root (cmake/Hardening.cmake), "./server/app.c"; readers may put the
 * folder of the build before it, "./build/./server/app.c". Others are absolute, or go up. */
static void copy_file(char ret_file[FAM_STACK_NAME_SIZE], const char *path)
{
    if (path[0] == '/' || strstr(path, "..") != NULL) {
        copy_base(ret_file, path);
        return;
    }
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    for (const char *root = strstr(path, "/./"); root != NULL; root = strstr(path, "/./")) {
        path = root + strlen("/./");
    }
    (void)snprintf(ret_file, FAM_STACK_NAME_SIZE, "%s", path);
}

static bool is_relative(const char *path)
{
    return path != NULL && path[0] != '/' && strstr(path, "..") == NULL;
}

/* ---- frames ---- */

/* What is known of one address before its functions are. */
struct place {
    Dwfl_Module *module;
    uint64_t address; /* as it is shown */
    uint64_t look_up; /* within the instruction that called: what follows a call may be another line's */
    char module_name[FAM_STACK_NAME_SIZE];
    bool is_ours; /* the program itself */
};

/* The compilation unit of the address. The quick table of units is not written by every compiler (Clang leaves it out).
 */
static Dwarf_Die *find_unit(const struct place *place, Dwarf_Addr *ret_bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(place->module, place->look_up, ret_bias);
    if (unit != NULL) {
        return unit;
    }
    while ((unit = dwfl_module_nextcu(place->module, unit, ret_bias)) != NULL) {
        if (dwarf_haspc(unit, place->look_up - *ret_bias) == 1) {
            return unit;
        }
    }
    return NULL;
}

static void add_frame(struct fam_stack *stack, const struct place *place, const char *function, const char *path,
                      int line)
{
    if (stack->count >= FAM_SENTRY_FRAMES_MAX) {
        return;
    }
    struct fam_stack_names *names = &stack->names[stack->count];
    struct fam_sentry_frame *frame = &stack->frames[stack->count];
    stack->count++;
    (void)snprintf(names->function, sizeof(names->function), "%s", function == NULL ? "" : function);
    (void)snprintf(names->module, sizeof(names->module), "%s", place->module_name);
    names->file[0] = '\0';
    if (path != NULL) {
        copy_file(names->file, path);
    }
    *frame = (struct fam_sentry_frame){.address = place->address,
                                       .function = names->function,
                                       .file = names->file,
                                       .module = names->module,
                                       .line = line,
                                       .in_app = place->is_ours && is_relative(path)};
}

/* Of an inlined function: where it was called from. */
static const char *call_site(Dwarf_Die *die, Dwarf_Die *unit, int *ret_line)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0;
    Dwarf_Word line = 0;
    Dwarf_Files *files = NULL;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &line) == 0) {
        *ret_line = (int)line;
    }
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &file) == 0 &&
        dwarf_getsrcfiles(unit, &files, NULL) == 0) {
        return dwarf_filesrc(files, file, NULL, NULL);
    }
    return NULL;
}

/* The function at the address, and those into which it was put. False: there is no debug information. */
static bool add_functions(struct fam_stack *stack, const struct place *place)
{
    Dwarf_Addr bias = 0;
    Dwarf_Die *innermost = NULL;
    Dwarf_Die *scopes = NULL;
    size_t before = stack->count;
    Dwarf_Die *unit = find_unit(place, &bias);
    Dwarf_Line *source = unit == NULL ? NULL : dwarf_getsrc_die(unit, place->look_up - bias);
    const char *path = source == NULL ? NULL : dwarf_linesrc(source, NULL, NULL);
    int line = 0;
    if (source != NULL && dwarf_lineno(source, &line) != 0) {
        line = 0;
    }
    /* The scopes of an address go on where an inlined function is written; those of a DIE where it was put. */
    bool found = unit != NULL && dwarf_getscopes(unit, place->look_up - bias, &innermost) > 0;
    int count = found ? dwarf_getscopes_die(&innermost[0], &scopes) : 0;
    for (int i = 0; i < count; i++) {
        int tag = dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) {
            continue;
        }
        add_frame(stack, place, dwarf_diename(&scopes[i]), path, line);
        if (tag == DW_TAG_subprogram) {
            break;
        }
        path = call_site(&scopes[i], unit, &line);
    }
    free(scopes);
    free(innermost);
    return stack->count > before;
}

static void add_address(Dwfl *dwfl, struct fam_stack *stack, const char *program, uint64_t address, bool is_return)
{
    struct place place = {.address = address, .look_up = is_return && address > 0 ? address - 1 : address};
    place.module = dwfl_addrmodule(dwfl, place.look_up);
    if (place.module == NULL) {
        /* No code is there: a word that is none, but for the place of the crash itself. */
        if (!is_return) {
            add_frame(stack, &place, NULL, NULL, 0);
        }
        return;
    }
    const char *name = dwfl_module_info(place.module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    copy_base(place.module_name, name == NULL ? "" : name);
    place.is_ours = strcmp(place.module_name, program) == 0;
    if (!add_functions(stack, &place)) {
        add_frame(stack, &place, dwfl_module_addrname(place.module, place.look_up), NULL, 0);
    }
}

static Dwfl *open_modules(const struct fam_crash_record *record, const Dwfl_Callbacks *callbacks)
{
    Dwfl *dwfl = dwfl_begin(callbacks);
    FILE *maps = record->maps_size == 0 ? NULL : fmemopen(record->maps, record->maps_size, "r");
    if (dwfl != NULL && maps != NULL) {
        dwfl_report_begin(dwfl);
        /* Half a list (its last line cut) is better than none: what was read before is kept. */
        (void)dwfl_linux_proc_maps_report(dwfl, maps);
        (void)dwfl_report_end(dwfl, NULL, NULL);
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
    return dwfl;
}

void fam_stack_find(const struct fam_crash_record *record, struct fam_stack *ret_stack)
{
    const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                      .find_debuginfo = dwfl_standard_find_debuginfo};
    ret_stack->count = 0;
    Dwfl *dwfl = open_modules(record, &callbacks);
    if (dwfl == NULL) {
        const struct place place = {.address = record->head.pc};
        add_frame(ret_stack, &place, NULL, NULL, 0);
        return;
    }
    add_address(dwfl, ret_stack, record->head.program, record->head.pc, false);
    for (size_t i = 0; i < record->address_count; i++) {
        add_address(dwfl, ret_stack, record->head.program, record->addresses[i], true);
    }
    dwfl_end(dwfl);
}
