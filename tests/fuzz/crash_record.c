/* What a crashing program says of itself to famcrash. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fam_crash_record record;
    int fd = memfd_create("record", MFD_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    if (write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0 && fam_crash_record_read(fd, &record)) {
        assert(record.address_count <= FAM_CRASH_ADDRESSES_MAX);
        assert(strlen(record.maps) == record.maps_size);
        assert(strnlen(record.head.program, sizeof(record.head.program)) < sizeof(record.head.program));
        assert(strnlen(record.head.thread, sizeof(record.head.thread)) < sizeof(record.head.thread));
        assert(fam_crash_code_name(record.head.signal, record.head.code) != NULL);
        fam_crash_record_done(&record);
    }
    close(fd);
    return 0;
}
